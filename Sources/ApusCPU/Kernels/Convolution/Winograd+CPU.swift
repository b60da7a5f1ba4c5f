import ApusCore
import CApusKernels

/// Convolutions of 3 × 3 windows by Winograd's algorithm: in tiles of 4 × 4 results, a quarter of the
/// products, for transforms of inputs, weights and results.
extension ConvolutionLowering {
  /// The problem for the kernel, where it takes it and is the better choice.
  ///
  /// - Parameters:
  ///   - standing: Whether the weights stand, so that they are transformed once.
  ///   - isChosen: Whether it has been found the better choice before.
  func winograd(
    _ pass: ConvolutionPass, standing: Bool, isChosen: Bool = false
  ) -> apus_winograd_params? {
    let windows = geometry.windows
    let lanes = Int(APUS_WINOGRAD_LANES)
    guard pass != .weightGradient, x.dtype == .float32, geometry.groups == 1,
      windows.window == [3, 3], windows.stride == [1, 1], windows.dilation == [1, 1],
      x[-1] % lanes == 0, y[-1] % lanes == 0, y.count > 0, w.count > 0,
      (windows.low + windows.high).allSatisfy({ (0...2).contains($0) })
    else { return nil }
    let (from, to) = pass == .forward ? (x, y) : (y, x)
    let tiles = to.dims[0] * ((to.dims[1] + 3) / 4) * ((to.dims[2] + 3) / 4)
    guard isChosen || pays(tiles: tiles, results: to.count / to[-1], standing: standing) else {
      return nil
    }
    var params = apus_winograd_params()
    params.batch = Int64(to.dims[0])
    params.input_channels = Int64(from[-1])
    params.output_channels = Int64(to[-1])
    params.input_size = (Int64(from.dims[1]), Int64(from.dims[2]))
    params.output_size = (Int64(to.dims[1]), Int64(to.dims[2]))
    params.gradient = pass == .forward ? 0 : 1
    let low = windows.low.map { Int64(pass == .forward ? $0 : 2 - $0) }
    params.pad_low = (low[0], low[1])
    return params
  }

  /// Compares the multiply-adds of both ways per pair of channels, with what moves counted as what
  /// could be multiplied meanwhile: measured, a transform of one channel of a tile is 1000, weights
  /// are 6 an element where they are read, and as much again where they are made in every run.
  private func pays(tiles: Int, results: Int, standing: Bool) -> Bool {
    let (a, b, count) = (Double(x[-1]), Double(y[-1]), Double(tiles))
    let reads = standing ? 6.0 : 12.0
    let transforms = 1000 * (a + b) / (a * b)
    let here = count * (36 + transforms) + 36 * 4 * reads
    let direct = Double(results) * 9 + 9 * 4 * reads
    return here < direct
  }

  /// Emits the kernel and the one that transforms its weights.
  func emit(
    _ params: apus_winograd_params, _ input: BufferRef, _ weights: BufferRef,
    bias: BufferRef? = nil, addend: BufferRef? = nil, rectifies: Bool = false,
    to result: BufferRef, label: String, into builder: PlanBuilder
  ) {
    var params = params
    params.relu = rectifies ? 1 : 0
    let transformed = builder.filled(Int(apus_winograd_weight_bytes(&params))) { target in
      builder.emit(
        apus_winograd_weights, params, [weights, target], label: "winograd weights \(w.shape)")
    }
    let scratch = builder.scratch(
      Int(apus_winograd_scratch_bytes(&params, Int32(builder.threads))))
    // Each result is written where only its own addend was read.
    let shared = addend.flatMap { $0.buffer == input.buffer || $0.byteOffset != 0 ? nil : $0 }
    builder.emit(
      apus_winograd_forward, params, [input, transformed, bias, addend, result, scratch],
      label: "\(label) winograd", multiplyAdds: multiplyAdds,
      inPlace: shared.map { [($0.buffer, result.buffer)] } ?? [])
  }
}
