import ApusCore

/// What every convolution is told; lists hold one number per spatial axis, or one for all.
public struct ConvolutionSettings: Sendable {
  public var filters: Int
  public var kernel: [Int]
  public var stride: [Int] = [1]
  public var padding: Padding = .valid
  public var paddingMode: PaddingMode = .zeros
  public var dilation: [Int] = [1]
  public var groups: Int = 1
  public var activation: Activation = .linear
  public var layout: ImageLayout = .channelsLast

  public init(filters: Int, kernel: [Int]) {
    self.filters = filters
    self.kernel = kernel
  }

  func checkKernel(axes: Int) throws(Violation) {
    let words = ["one positive number", "two positive numbers", "three positive numbers"]
    try require(
      kernel.count == axes && kernel.allSatisfy { $0 > 0 },
      "kernel \(kernel) is not \(words[axes - 1])")
  }

  /// The extent of a kernel's axes that a message shows, with what is not usual.
  func description(_ name: String, channels: String, filters: String) -> String {
    var parts = "\(channels) → \(filters), \(printed(kernel))"
    if stride.contains(where: { $0 != 1 }) {
      parts += ", stride \(Set(stride).count == 1 ? "\(stride[0])" : printed(stride))"
    }
    if dilation.contains(where: { $0 != 1 }) {
      parts += ", dilation \(Set(dilation).count == 1 ? "\(dilation[0])" : printed(dilation))"
    }
    if groups != 1 { parts += ", groups \(groups)" }
    if activation != .linear { parts += ", \(activation)" }
    return "\(name)(\(parts))"
  }
}

/// A layer that slides a weight over one, two or three spatial axes; what the convolutions share.
public protocol ConvolutionLayer: Layer, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  var settings: ConvolutionSettings { get }
  var weight: Parameter { get }
  var bias: Parameter? { get }

  /// Creates a layer; without an initializer for it, one without a bias.
  init(settings: ConvolutionSettings, weight: Initializer, bias: Initializer?)
}

extension ConvolutionLayer {
  public var filters: Int { settings.filters }
  public var kernel: [Int] { perAxis(settings.kernel, Self.spatialRank) }
  public var stride: [Int] { settings.stride }
  public var padding: Padding { settings.padding }
  public var paddingMode: PaddingMode { settings.paddingMode }
  public var dilation: [Int] { settings.dilation }
  public var groups: Int { settings.groups }
  public var activation: Activation { settings.activation }
  public var layout: ImageLayout { settings.layout }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: Padding = .valid,
    paddingMode: PaddingMode = .zeros, dilation: [Int] = [1], groups: Int = 1,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    var settings = ConvolutionSettings(filters: filters, kernel: perAxis(kernel, Self.spatialRank))
    settings.stride = stride
    settings.padding = padding
    settings.paddingMode = paddingMode
    settings.dilation = dilation
    settings.groups = groups
    settings.activation = activation
    settings.layout = layout
    self.init(settings: settings, weight: weight, bias: useBias ? bias : nil)
  }

  /// Creates a layer with a kernel of equal extents.
  public init(
    _ filters: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid,
    paddingMode: PaddingMode = .zeros, dilation: Int = 1, groups: Int = 1,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.init(
      filters, kernel: [kernel], stride: [stride], padding: padding, paddingMode: paddingMode,
      dilation: [dilation], groups: groups, activation: activation, useBias: useBias,
      layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(filters > 0, "\(filters) filters are not a positive number")
    try allocate(for: x, filters: filters, groups: groups)
  }

  /// Checks an input and allocates `weight [filters, C / groups, k…]` and the bias.
  func allocate(for x: TensorType, filters: Int, groups: Int) throws(Violation) {
    try settings.checkKernel(axes: Self.spatialRank)
    try requireSpatial(x, axes: Self.spatialRank)
    let channels = layout.channels(x)
    try require(
      groups > 0 && channels % groups == 0 && filters % groups == 0,
      "\(groups) groups do not divide \(channels) channels and \(filters) filters")
    if let w = weight.type {
      let taken = w[1].timesClamped(groups)
      try require(taken == channels, "takes \(taken) channels, the input has \(channels)")
    }
    let dtype = x.dtype.parameterDType
    let shape = Shape([filters, channels / groups] + kernel)
    try TensorType(dtype, shape).checkSize("the weight")
    try weight.allocate(dtype, shape)
    try bias?.allocate(dtype, [filters])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    convolved(x, groups: groups)
  }

  func convolved(_ x: Tensor, groups: Int) -> Tensor {
    let at = CallSite.ofLayer
    var y = convolution(
      layout.toChannelsLast(x), weight.value, stride: stride, padding: padding,
      paddingMode: paddingMode, dilation: dilation, groups: groups, file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return layout.fromChannelsLast(activation(y))
  }

  public var description: String {
    let channels = weight.type.map { "\($0[1].timesClamped(groups))" } ?? "?"
    return settings.description("\(Self.self)", channels: channels, filters: "\(filters)")
  }
}
