import ApusCore

/// Scales every channel by a number from 0 to 1 that all channels decide together.
///
///     s = sigmoid(fc2(relu(fc1(mean of x over its places)))),   y = x · s
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]`, of rank 3 or more; with channels first,
///   `x[N, C, S…] → y[N, C, S…]`.
/// - Parameters held: `fc1.weight [r, C]`, `fc1.bias [r]`, `fc2.weight [C, r]`, `fc2.bias [C]` with
///   `r = max(C / reduction, 1)`, rounded down; without `useBias` no biases.
/// - Source: Hu, Shen and Sun 2018, section 3.
public final class SqueezeExcitation: Layer, CustomStringConvertible {
  public let reduction: Int
  public let activation: Activation
  public let gate: Activation
  public let layout: ImageLayout
  let fc1: Affine
  let fc2: Affine

  public init(
    reduction: Int = 16, activation: Activation = .relu, gate: Activation = .sigmoid,
    useBias: Bool = true, layout: ImageLayout = .channelsLast
  ) {
    self.reduction = reduction
    self.activation = activation
    self.gate = gate
    self.layout = layout
    fc1 = Affine(.heUniform, useBias: useBias)
    fc2 = Affine(useBias: useBias)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(reduction > 0, "reduction \(reduction) is not a positive number")
    let channels = try requireChannels(x, layout, held: fc2.weight.type)
    try require(x.rank >= 3, "needs spatial axes, not an input of rank \(x.rank)")
    let inner = max(channels / reduction, 1)
    try fc1.allocate(x.dtype, outputs: inner, inputs: channels)
    try fc2.allocate(x.dtype, outputs: channels, inputs: inner)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let channel = layout.channelAxis(rank: x.rank)
    let means = x.mean(
      axes: (1..<x.rank).filter { $0 != channel }, file: at.file, line: at.line)
    let scale = gate(fc2(activation(fc1(means, at)), at))
    var column = Array(repeating: 1, count: x.rank)
    column[0] = x.shape[0]
    column[channel] = x.shape[channel]
    return x * scale.reshaped(to: Shape(column))
  }

  public var description: String {
    let sizes = fc1.weight.type.map { "\($0[1]) → \($0[0])" } ?? "?, reduction \(reduction)"
    return "SqueezeExcitation(\(sizes))"
  }
}
