import ApusCore

/// A depthwise-separable convolution of images: every channel by itself, then 1×1 across channels.
///
///     y = activation(pointwise(depthwise(x)))
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first; extents as in
///   ``Conv2D``.
/// - Parameters held: `depthwise.weight [C·multiplier, 1, kh, kw]`,
///   `pointwise.weight [filters, C·multiplier, 1, 1]`, `pointwise.bias [filters]`.
/// - Source: Chollet 2017, "Xception", section 1; Howard et al. 2017, section 3.1.
public final class SeparableConv2D: Layer, CustomStringConvertible {
  public let depthwise: DepthwiseConv2D
  public let pointwise: Conv2D

  public init(
    _ filters: Int, kernel: [Int], multiplier: Int = 1, stride: [Int] = [1],
    padding: Padding = .valid, paddingMode: PaddingMode = .zeros, dilation: [Int] = [1],
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    depthwise = DepthwiseConv2D(
      kernel: kernel, multiplier: multiplier, stride: stride, padding: padding,
      paddingMode: paddingMode, dilation: dilation, useBias: false, layout: layout, weight: weight)
    pointwise = Conv2D(
      filters, kernel: 1, activation: activation, useBias: useBias, layout: layout, weight: weight,
      bias: bias)
  }

  /// Creates a layer with a square kernel.
  public convenience init(
    _ filters: Int, kernel: Int, multiplier: Int = 1, stride: Int = 1,
    padding: Padding = .valid, paddingMode: PaddingMode = .zeros, dilation: Int = 1,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.init(
      filters, kernel: [kernel], multiplier: multiplier, stride: [stride], padding: padding,
      paddingMode: paddingMode, dilation: [dilation], activation: activation, useBias: useBias,
      layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return pointwise(
      depthwise(x, file: at.file, line: at.line), file: at.file, line: at.line)
  }

  public var description: String {
    "SeparableConv2D(\(pointwise.filters), \(printed(depthwise.kernel)))"
  }
}

/// A spatially separable convolution of images: `k × 1`, then `1 × k`.
///
/// Takes `2·k` products per pixel and pair of channels instead of `k²`.
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first; extents as in
///   ``Conv2D`` with a kernel of `k × k`.
/// - Parameters held: `vertical.weight [middle, C, k, 1]`, `horizontal.weight [filters, middle, 1, k]`,
///   `horizontal.bias [filters]`; `middle` is `filters` unless given.
/// - Source: Szegedy et al. 2016, "Rethinking the Inception architecture", section 3.2.
public final class SpatiallySeparableConv2D: Layer, CustomStringConvertible {
  public let vertical: Conv2D
  public let horizontal: Conv2D

  /// Creates a layer.
  ///
  /// - Parameter padding: How much is put around the image; amounts for height go to the first step,
  ///   those for width to the second.
  public init(
    _ filters: Int, kernel: Int, middle: Int? = nil, stride: Int = 1, padding: Padding = .valid,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    let parts = padding.split
    vertical = Conv2D(
      middle ?? filters, kernel: [kernel, 1], stride: [stride, 1], padding: parts.vertical,
      useBias: false, layout: layout, weight: weight)
    horizontal = Conv2D(
      filters, kernel: [1, kernel], stride: [1, stride], padding: parts.horizontal,
      activation: activation, useBias: useBias, layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return horizontal(
      vertical(x, file: at.file, line: at.line), file: at.file, line: at.line)
  }

  public var description: String {
    "SpatiallySeparableConv2D(\(horizontal.filters), \(printed(vertical.kernel)) and "
      + "\(printed(horizontal.kernel)))"
  }
}

/// A flattened convolution of images: across the channels, then down, then along every channel.
///
///     y = activation(horizontal(vertical(lateral(x))))
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first; extents as in
///   ``Conv2D`` with a kernel of `k × k`.
/// - Parameters held: `lateral.weight [filters, C, 1, 1]`, `vertical.weight [filters, 1, k, 1]`,
///   `horizontal.weight [filters, 1, 1, k]`, `horizontal.bias [filters]`.
/// - Source: Jin, Dundar and Culurciello 2015, "Flattened convolutional neural networks for
///   feedforward acceleration", section 3.1.
public final class FlattenedConv2D: Layer, CustomStringConvertible {
  public let lateral: Conv2D
  public let vertical: DepthwiseConv2D
  public let horizontal: DepthwiseConv2D

  /// Creates a layer.
  ///
  /// - Parameter padding: How much is put around the image; amounts for height go to the vertical
  ///   step, those for width to the horizontal one.
  public init(
    _ filters: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    let parts = padding.split
    lateral = Conv2D(filters, kernel: 1, useBias: false, layout: layout, weight: weight)
    vertical = DepthwiseConv2D(
      kernel: [kernel, 1], stride: [stride, 1], padding: parts.vertical, useBias: false,
      layout: layout, weight: weight)
    horizontal = DepthwiseConv2D(
      kernel: [1, kernel], stride: [1, stride], padding: parts.horizontal, activation: activation,
      useBias: useBias, layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) { try requireImages(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let mixed = lateral(x, file: at.file, line: at.line)
    return horizontal(
      vertical(mixed, file: at.file, line: at.line), file: at.file, line: at.line)
  }

  public var description: String {
    "FlattenedConv2D(\(lateral.filters), \(printed(vertical.kernel)) and "
      + "\(printed(horizontal.kernel)))"
  }
}

extension Padding {
  /// The padding of an image as that of its height and that of its width.
  fileprivate var split: (vertical: Padding, horizontal: Padding) {
    guard case .explicit(let pairs) = self, pairs.count == 1 || pairs.count == 2 else {
      return (self, self)
    }
    return (.explicit([pairs[0], (0, 0)]), .explicit([(0, 0), pairs[pairs.count - 1]]))
  }
}
