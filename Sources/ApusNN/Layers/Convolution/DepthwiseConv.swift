import ApusCore

/// What the depthwise convolutions share: every channel has `multiplier` filters of its own.
public protocol DepthwiseConvolutionLayer: ConvolutionLayer {
  /// Filters per channel.
  var multiplier: Int { get }

  init(
    multiplier: Int, settings: ConvolutionSettings, weight: Initializer, bias: Initializer?)
}

extension DepthwiseConvolutionLayer {
  public init(settings: ConvolutionSettings, weight: Initializer, bias: Initializer?) {
    self.init(multiplier: settings.filters, settings: settings, weight: weight, bias: bias)
  }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    kernel: [Int], multiplier: Int = 1, stride: [Int] = [1], padding: Padding = .valid,
    paddingMode: PaddingMode = .zeros, dilation: [Int] = [1], activation: Activation = .linear,
    useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.init(
      multiplier, kernel: kernel, stride: stride, padding: padding, paddingMode: paddingMode,
      dilation: dilation, activation: activation, useBias: useBias, layout: layout,
      weight: weight, bias: bias)
  }

  /// Creates a layer with a kernel of equal extents.
  public init(
    kernel: Int, multiplier: Int = 1, stride: Int = 1, padding: Padding = .valid,
    paddingMode: PaddingMode = .zeros, dilation: Int = 1, activation: Activation = .linear,
    useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.init(
      kernel: [kernel], multiplier: multiplier, stride: [stride], padding: padding,
      paddingMode: paddingMode, dilation: [dilation], activation: activation, useBias: useBias,
      layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(multiplier > 0, "multiplier \(multiplier) is not a positive number")
    try requireSpatial(x, axes: Self.spatialRank)
    let channels = layout.channels(x)
    try require(channels > 0, "the input has no channels")
    if let w = weight.type {
      let taken = w[0] / multiplier
      try require(taken == channels, "takes \(taken) channels, the input has \(channels)")
      return
    }
    try allocate(for: x, filters: channels.timesClamped(multiplier), groups: channels)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    convolved(x, groups: layout.channels(x.type))
  }

  public var description: String {
    let filters = weight.type.map { $0[0] }
    return settings.description(
      "\(Self.self)", channels: filters.map { "\($0 / Swift.max(multiplier, 1))" } ?? "?",
      filters: filters.map(String.init) ?? "?")
  }
}

/// A depthwise convolution of sequences: every channel by filters of its own.
///
/// - Shape: `x[N, L, C] → y[N, L', C·multiplier]`; `[N, C, L]` with channels first; extents as in
///   ``Conv1D``. Channel `c` makes the results `c·multiplier ..< (c + 1)·multiplier`.
/// - Parameters held: `weight [C·multiplier, 1, k]` (Glorot uniform unless given),
///   `bias [C·multiplier]` (zeros).
/// - Source: Sifre 2014, "Rigid-motion scattering for image classification", section 6.2.
public final class DepthwiseConv1D: DepthwiseConvolutionLayer, Layer {
  public static let spatialRank = 1
  public let multiplier: Int
  public let settings: ConvolutionSettings
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    multiplier: Int, settings: ConvolutionSettings, weight: Initializer, bias: Initializer?
  ) {
    self.multiplier = multiplier
    self.settings = settings
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}

/// A depthwise convolution of images: every channel by filters of its own.
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', C·multiplier]`; `[N, C, H, W]` with channels first; extents
///   as in ``Conv2D``. Channel `c` makes the results `c·multiplier ..< (c + 1)·multiplier`.
/// - Parameters held: `weight [C·multiplier, 1, kh, kw]` (Glorot uniform unless given),
///   `bias [C·multiplier]` (zeros).
/// - Source: Sifre 2014, section 6.2; Howard et al. 2017, "MobileNets".
public final class DepthwiseConv2D: DepthwiseConvolutionLayer, Layer {
  public static let spatialRank = 2
  public let multiplier: Int
  public let settings: ConvolutionSettings
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    multiplier: Int, settings: ConvolutionSettings, weight: Initializer, bias: Initializer?
  ) {
    self.multiplier = multiplier
    self.settings = settings
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}
