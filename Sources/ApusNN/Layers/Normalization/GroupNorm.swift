import ApusCore

/// Brings groups of channels of every sample to mean 0 and variance 1, then scales and shifts.
///
///     y = weight·(x − mean) / √(variance + epsilon) + bias
///
/// Mean and variance are over the spatial axes and the channels of a group, in training and
/// inference alike, so that the size of the batch does not matter.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]`; with channels first, `x[N, C, S…] → y[N, C, S…]`. `groups`
///   must divide `C`.
/// - Parameters held: `weight [C]` (ones), `bias [C]` (zeros); none without `affine`.
/// - Source: Wu and He 2018.
public final class GroupNorm: Layer, CustomStringConvertible {
  public let groups: Int
  public let epsilon: Double
  public let layout: ImageLayout
  public let weight: Parameter?
  public let bias: Parameter?

  public init(
    _ groups: Int = 32, epsilon: Double = 1e-5, affine: Bool = true,
    layout: ImageLayout = .channelsLast
  ) {
    self.groups = groups
    self.epsilon = epsilon
    self.layout = layout
    weight = affine ? Parameter(.ones) : nil
    bias = affine ? Parameter(.zeros) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    let channels = try requireChannels(x, layout, held: weight?.type)
    try require(
      groups > 0 && channels % groups == 0, "\(groups) groups do not divide \(channels) channels")
    for parameter in [weight, bias] { try parameter?.allocate(x.dtype, [channels]) }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.groupNormalized(
      groups: groups, gamma: weight?.value, beta: bias?.value, epsilon: epsilon,
      channelsFirst: layout == .channelsFirst, file: at.file, line: at.line
    ).result
  }

  public var description: String {
    "GroupNorm(\(groups) of \(weight?.type.map { "\($0[0])" } ?? "?"))"
  }
}
