import ApusCore

/// Turns channels into pixels: each pixel of `C·r²` channels becomes `r × r` pixels of `C`.
///
///     y[n, h·r + i, w·r + j, c] = x[n, h, w, (c·r + i)·r + j]
///
/// - Shape: `x[N, H, W, C·r²] → y[N, H·r, W·r, C]`; `[N, C·r², H, W]` with channels first.
/// - Source: Shi et al. 2016, "Real-time single image and video super-resolution using an efficient
///   sub-pixel convolutional neural network", section 3.2.
public final class PixelShuffle: Layer, CustomStringConvertible {
  public let factor: Int
  public let layout: ImageLayout

  public init(_ factor: Int, layout: ImageLayout = .channelsLast) {
    self.factor = factor
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireImages(x)
    let area = factor.timesClamped(factor)
    try require(
      factor > 0 && layout.channels(x) % area == 0,
      "factor \(factor) does not divide \(layout.channels(x)) channels into squares")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let input = layout.toChannelsLast(x)
    let (n, h, w) = (input.shape[0], input.shape[1], input.shape[2])
    let (r, c) = (factor, input.shape[3] / (factor * factor))
    let y = input.reshaped(to: [n, h, w, c, r, r], file: at.file, line: at.line)
      .transposed(permutation: [0, 1, 4, 2, 5, 3])
      .reshaped(to: Shape([n, h.timesClamped(r), w.timesClamped(r), c]))
    return layout.fromChannelsLast(y)
  }

  public var description: String { "PixelShuffle(\(factor))" }
}

/// Turns pixels into channels: the inverse of ``PixelShuffle``.
///
/// - Shape: `x[N, H·r, W·r, C] → y[N, H, W, C·r²]`; `[N, C, H·r, W·r]` with channels first.
public final class PixelUnshuffle: Layer, CustomStringConvertible {
  public let factor: Int
  public let layout: ImageLayout

  public init(_ factor: Int, layout: ImageLayout = .channelsLast) {
    self.factor = factor
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireImages(x)
    let extents = layout == .channelsLast ? [x[1], x[2]] : [x[2], x[3]]
    try require(
      factor > 0 && extents.allSatisfy { $0 % factor == 0 },
      "factor \(factor) does not divide the extents \(extents)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let input = layout.toChannelsLast(x)
    let (n, r, c) = (input.shape[0], factor, input.shape[3])
    let (h, w) = (input.shape[1] / r, input.shape[2] / r)
    let y = input.reshaped(to: [n, h, r, w, r, c], file: at.file, line: at.line)
      .transposed(permutation: [0, 1, 3, 5, 2, 4])
      .reshaped(to: Shape([n, h, w, c.timesClamped(r).timesClamped(r)]))
    return layout.fromChannelsLast(y)
  }

  public var description: String { "PixelUnshuffle(\(factor))" }
}
