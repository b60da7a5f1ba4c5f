import ApusCore

/// What the transposed convolutions share.
public protocol TransposedConvolutionLayer: Layer, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  var settings: ConvolutionSettings { get }
  /// Elements added to the end of each spatial axis of the result.
  var outputPadding: [Int] { get }
  var weight: Parameter { get }
  var bias: Parameter? { get }

  /// Creates a layer; without an initializer for it, one without a bias.
  init(
    settings: ConvolutionSettings, outputPadding: [Int], weight: Initializer, bias: Initializer?)
}

extension TransposedConvolutionLayer {
  public var filters: Int { settings.filters }
  public var kernel: [Int] { settings.kernel }
  public var layout: ImageLayout { settings.layout }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: Padding = .valid,
    outputPadding: [Int] = [0], dilation: [Int] = [1], groups: Int = 1,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    var settings = ConvolutionSettings(filters: filters, kernel: perAxis(kernel, Self.spatialRank))
    settings.stride = stride
    settings.padding = padding
    settings.dilation = dilation
    settings.groups = groups
    settings.activation = activation
    settings.layout = layout
    self.init(
      settings: settings, outputPadding: outputPadding, weight: weight, bias: useBias ? bias : nil)
  }

  /// Creates a layer with a kernel of equal extents.
  public init(
    _ filters: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1,
    activation: Activation = .linear, useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.init(
      filters, kernel: [kernel], stride: [stride], padding: padding,
      outputPadding: [outputPadding], dilation: [dilation], groups: groups,
      activation: activation, useBias: useBias, layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) {
    let groups = settings.groups
    try require(filters > 0, "\(filters) filters are not a positive number")
    try settings.checkKernel(axes: Self.spatialRank)
    try requireSpatial(x, axes: Self.spatialRank)
    let channels = layout.channels(x)
    try require(
      groups > 0 && channels % groups == 0 && filters % groups == 0,
      "\(groups) groups do not divide \(channels) channels and \(filters) filters")
    if let w = weight.type {
      try require(w[0] == channels, "takes \(w[0]) channels, the input has \(channels)")
    }
    let dtype = x.dtype.parameterDType
    let shape = Shape([channels, filters / groups] + kernel)
    try TensorType(dtype, shape).checkSize("the weight")
    try weight.allocate(dtype, shape, fans: .transposedConvolution(shape, groups: groups))
    try bias?.allocate(dtype, [filters])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    var y = transposedConvolution(
      layout.toChannelsLast(x), weight.value, stride: settings.stride, padding: settings.padding,
      outputPadding: outputPadding, dilation: settings.dilation, groups: settings.groups,
      file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return layout.fromChannelsLast(settings.activation(y))
  }

  public var description: String {
    let channels = weight.type.map { "\($0[0])" } ?? "?"
    return settings.description("\(Self.self)", channels: channels, filters: "\(filters)")
  }
}
