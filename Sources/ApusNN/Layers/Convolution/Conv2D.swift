import ApusCore

/// Where the channel axis of images lies.
public enum ImageLayout: String, Sendable, Hashable {
  /// `[N, H, W, C]`.
  case channelsLast
  /// `[N, C, H, W]`.
  case channelsFirst
}

/// A two-dimensional convolution: `y = activation(x ⋆ weight + bias)`.
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first.
/// - Parameters held: `weight [filters, C/groups, kh, kw]` (He uniform unless given),
///   `bias [filters]` (zeros).
public final class Conv2D: Layer, CustomStringConvertible {
  public let filters: Int
  public let kernel: [Int]
  public let stride: [Int]
  public let padding: Padding
  public let dilation: [Int]
  public let groups: Int
  public let activation: Activation
  public let layout: ImageLayout
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    _ filters: Int, kernel: [Int], stride: [Int] = [1], padding: Padding = .valid,
    dilation: [Int] = [1], groups: Int = 1, activation: Activation = .linear,
    useBias: Bool = true, layout: ImageLayout = .channelsLast,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.filters = filters
    self.kernel = kernel.count == 1 ? [kernel[0], kernel[0]] : kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.activation = activation
    self.layout = layout
    self.weight = Parameter(weight)
    self.bias = useBias ? Parameter(bias) : nil
  }

  /// Creates a layer with a square kernel.
  public convenience init(
    _ filters: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid, dilation: Int = 1,
    groups: Int = 1, activation: Activation = .linear, useBias: Bool = true,
    layout: ImageLayout = .channelsLast, weight: Initializer = .glorotUniform,
    bias: Initializer = .zeros
  ) {
    self.init(
      filters, kernel: [kernel, kernel], stride: [stride], padding: padding,
      dilation: [dilation], groups: groups, activation: activation, useBias: useBias,
      layout: layout, weight: weight, bias: bias)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(filters > 0, "\(filters) filters are not a positive number")
    try require(
      kernel.count == 2 && kernel.allSatisfy { $0 > 0 },
      "kernel \(kernel) is not two positive numbers")
    try requireImages(x)
    let channels = x[layout == .channelsLast ? 3 : 1]
    try require(
      groups > 0 && channels % groups == 0 && filters % groups == 0,
      "\(groups) groups do not divide \(channels) channels and \(filters) filters")
    if let w = weight.type {
      try require(
        w[1] * groups == channels, "takes \(w[1] * groups) channels, the input has \(channels)")
    }
    let dtype = x.dtype.parameterDType
    try weight.allocate(dtype, Shape([filters, channels / groups] + kernel))
    try bias?.allocate(dtype, [filters])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    var y = convolution(
      layout.toChannelsLast(x), weight.value, stride: stride, padding: padding,
      dilation: dilation, groups: groups, file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return layout.fromChannelsLast(activation(y))
  }

  public var description: String {
    let channels = weight.type.map { "\($0[1] * groups)" } ?? "?"
    var parts = "\(channels) → \(filters), \(kernel.map(String.init).joined(separator: "×"))"
    if stride.contains(where: { $0 != 1 }) { parts += ", stride \(stride[0])" }
    if groups != 1 { parts += ", groups \(groups)" }
    if activation != .linear { parts += ", \(activation)" }
    return "Conv2D(\(parts))"
  }
}

/// Refuses what is not a batch of images.
func requireImages(_ x: TensorType) throws(Violation) {
  try require(
    x.rank == 4, "needs images [batch, height, width, channels], not rank \(x.rank)")
}

extension ImageLayout {
  func toChannelsLast(_ x: Tensor) -> Tensor {
    self == .channelsLast ? x : x.transposed(permutation: [0, 2, 3, 1])
  }
  func fromChannelsLast(_ x: Tensor) -> Tensor {
    self == .channelsLast ? x : x.transposed(permutation: [0, 3, 1, 2])
  }
}
