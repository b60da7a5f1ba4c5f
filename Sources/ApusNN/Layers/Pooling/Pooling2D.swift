import ApusCore

/// The largest element of each window.
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first.
public final class MaxPool2D: Layer, CustomStringConvertible {
  public let window: [Int]
  public let stride: [Int]
  public let padding: Padding
  public let layout: ImageLayout

  /// Creates a layer.
  ///
  /// - Parameter stride: The window's size unless given.
  public init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    self.window = [window, window]
    self.stride = [stride ?? window, stride ?? window]
    self.padding = padding
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let y = layout.toChannelsLast(x).maxPooled(
      window: window, stride: stride, padding: padding, file: at.file, line: at.line)
    return layout.fromChannelsLast(y)
  }

  public var description: String { "MaxPool2D(\(window[0])×\(window[1]))" }
}

/// The mean of each window.
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first.
public final class AvgPool2D: Layer, CustomStringConvertible {
  public let window: [Int]
  public let stride: [Int]
  public let padding: Padding
  public let layout: ImageLayout

  public init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    self.window = [window, window]
    self.stride = [stride ?? window, stride ?? window]
    self.padding = padding
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let y = layout.toChannelsLast(x).averagePooled(
      window: window, stride: stride, padding: padding, file: at.file, line: at.line)
    return layout.fromChannelsLast(y)
  }

  public var description: String { "AvgPool2D(\(window[0])×\(window[1]))" }
}

/// The mean over height and width.
///
/// - Shape: `x[N, H, W, C] → y[N, C]`.
public final class GlobalAvgPool2D: Layer, CustomStringConvertible {
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    x.mean(axes: layout == .channelsLast ? [1, 2] : [2, 3])
  }
  public var description: String { "GlobalAvgPool2D" }
}
