import ApusCore

/// `x` where positive, else `weight · x` with learned slopes.
///
/// - Shape: `x[…] → y[…]`; one slope per channel needs `x[N, S…, C]`, or `x[N, C, S…]` with channels
///   first.
/// - Parameters held: `weight [1]`, or `weight [C]` with a slope per channel (0.25 unless given).
/// - Source: He et al. 2015, section 2.1.
public final class PReLU: Layer, CustomStringConvertible {
  public let weight: Parameter
  /// Whether every channel has a slope of its own.
  public let isPerChannel: Bool
  public let layout: ImageLayout
  private let slope: Double

  public init(
    slope: Double = 0.25, perChannel isPerChannel: Bool = false,
    layout: ImageLayout = .channelsLast
  ) {
    weight = Parameter(.constant(slope))
    self.slope = slope
    self.isPerChannel = isPerChannel
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(slope.isFinite, "slope \(slope) is not finite")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    guard isPerChannel else {
      try weight.allocate(x.dtype, [1])
      return
    }
    let channels = try requireChannels(x, layout, held: weight.type)
    try weight.allocate(x.dtype, [channels])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let slope = weight.value
    let column =
      isPerChannel
      ? slope.reshaped(to: layout.channelColumn(slope.count, rank: x.rank))
      : slope.reshaped(to: Shape([]))
    return x.where(x .> 0, else: x * column)
  }

  public var description: String {
    isPerChannel ? "PReLU(\(weight.type.map { "\($0[0])" } ?? "?"))" : "PReLU"
  }
}

/// `x` where positive, else `x` times a slope that is drawn for each element in training and the
/// middle of the range in inference.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Xu et al. 2015, section 2.4; PyTorch, `torch.nn.RReLU`.
public final class RReLU: Layer, CustomStringConvertible {
  public let lower: Double
  public let upper: Double

  public init(from lower: Double = 1.0 / 8, to upper: Double = 1.0 / 3) {
    self.lower = lower
    self.upper = upper
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      lower <= upper && (upper - lower).isFinite, "slopes from \(lower) to \(upper) are no range")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, lower < upper else {
      return x.leakyRelu(slope: lower / 2 + upper / 2)
    }
    let slopes = Tensor.uniform(x.shape, dtype: x.dtype, key: context.nextKey())
    return x.where(x .> 0, else: x * (slopes * (upper - lower) + lower))
  }

  public var description: String { "RReLU(\(lower)...\(upper))" }
}
