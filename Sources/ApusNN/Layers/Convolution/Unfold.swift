import ApusCore

/// The windows over the spatial axes as rows (im2col).
///
/// - Shape: `x[N, s…, C] → y[N, L, C·∏k]`; `x[N, C, s…] → y[N, C·∏k, L]` with channels first, as
///   PyTorch's `Unfold`. A row holds a window's elements channel by channel.
/// - Source: Chellapilla, Puri and Simard 2006, "High performance convolutional neural networks for
///   document processing".
public final class Unfold: Layer, CustomStringConvertible {
  public let window: [Int]
  public let stride: [Int]
  public let padding: Padding
  public let dilation: [Int]
  public let layout: ImageLayout

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    window: [Int], stride: [Int] = [1], padding: Padding = .valid, dilation: [Int] = [1],
    layout: ImageLayout = .channelsLast
  ) {
    self.window = window
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) { try requireSpatial(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return layout.fromChannelsLast(
      layout.toChannelsLast(x).unfolded(
        window: window, stride: stride, padding: padding, dilation: dilation, file: at.file,
        line: at.line))
  }

  public var description: String { "Unfold(\(printed(window)))" }
}

/// The sum of windows given as rows, each where it lies (col2im): the transpose of ``Unfold``.
///
/// - Shape: `x[N, L, C·∏k] → y[N, size…, C]`; `x[N, C·∏k, L] → y[N, C, size…]` with channels first, as
///   PyTorch's `Fold`.
public final class Fold: Layer, CustomStringConvertible {
  public let size: [Int]
  public let window: [Int]
  public let stride: [Int]
  public let padding: Padding
  public let dilation: [Int]
  public let layout: ImageLayout

  /// Creates a layer.
  ///
  /// - Parameter size: The spatial extents of the result, one number per axis.
  public init(
    size: [Int], window: [Int], stride: [Int] = [1], padding: Padding = .valid,
    dilation: [Int] = [1], layout: ImageLayout = .channelsLast
  ) {
    self.size = size
    self.window = window
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank == 3, "needs rows of windows [batch, windows, C·∏k], not rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return layout.fromChannelsLast(
      layout.toChannelsLast(x).folded(
        to: size, window: window, stride: stride, padding: padding, dilation: dilation,
        file: at.file, line: at.line))
  }

  public var description: String { "Fold(\(printed(size)), \(printed(window)))" }
}
