import ApusCore
import CApusDynamic

/// How a window slides over 1 to 3 spatial axes.
struct WindowGeometry: Hashable, Sendable {
  var input: [Int]
  var kernel: [Int]
  var stride: [Int]
  var padLow: [Int]
  var padHigh: [Int]
  /// Distance between neighbouring window elements; 1 is none.
  var dilation: [Int]

  init(
    input: [Int], kernel: [Int], stride: [Int]? = nil, padLow: [Int]? = nil, padHigh: [Int]? = nil,
    dilation: [Int]? = nil
  ) {
    self.input = input
    self.kernel = kernel
    self.stride = stride ?? input.map { _ in 1 }
    self.padLow = padLow ?? input.map { _ in 0 }
    self.padHigh = padHigh ?? input.map { _ in 0 }
    self.dilation = dilation ?? input.map { _ in 1 }
  }

  /// Sizes of the output's spatial axes. Requires positive strides.
  var output: [Int] {
    input.indices.map { i in
      (input[i] + padLow[i] + padHigh[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1
    }
  }

  /// True if the library can be asked: matching ranks, no negative padding, some output.
  private var isValid: Bool {
    let rank = input.count
    let parts = [kernel, stride, padLow, padHigh, dilation]
    guard (1...3).contains(rank), parts.allSatisfy({ $0.count == rank }),
      (input + kernel + stride + dilation).allSatisfy({ $0 > 0 }),
      (padLow + padHigh).allSatisfy({ $0 >= 0 })
    else { return false }
    return input.indices.allSatisfy { i in
      input[i] + padLow[i] + padHigh[i] > dilation[i] * (kernel[i] - 1)
    }
  }

  /// Whether sizes fit the library's 32-bit integers, which it divides by: it would end the process.
  private func fits(batch: Int, channels: Int) -> Bool {
    let (pixels, limit) = (input.reduce(batch) { $0.timesClamped($1) }, 1 << 31)
    let results = output.reduce(batch) { $0.timesClamped($1) }
    let steps = kernel + stride + dilation + padLow + padHigh + [channels, pixels, results]
    return steps.allSatisfy { $0 < limit } && kernel.reduce(1) { $0.timesClamped($1) } < limit
  }

  func native(
    element: OneDNN.Element, threads: Int, batch: Int, groups: Int, inChannels: Int,
    outChannels: Int
  ) -> apus_onednn_window? {
    guard isValid, batch > 0, groups > 0, inChannels > 0, outChannels > 0,
      inChannels % groups == 0, outChannels % groups == 0,
      fits(batch: batch, channels: Swift.max(inChannels, outChannels))
    else { return nil }
    return apus_onednn_window(
      type: element.code, threads: Int32(clamping: threads), spatial_rank: Int32(input.count),
      batch: Int64(batch), groups: Int64(groups), in_channels: Int64(inChannels),
      out_channels: Int64(outChannels), input: triple(input), output: triple(output),
      kernel: triple(kernel), stride: triple(stride), dilation: triple(dilation),
      pad_low: triple(padLow), pad_high: triple(padHigh))
  }
}

private func triple(_ values: [Int]) -> (Int64, Int64, Int64) {
  func value(_ i: Int) -> Int64 { i < values.count ? Int64(values[i]) : 1 }
  return (value(0), value(1), value(2))
}
