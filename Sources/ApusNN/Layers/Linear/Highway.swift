import ApusCore

/// A fully connected layer that learns how much of its input to pass on unchanged:
/// `y = T·H + (1 − T)·x`, with `H = activation(transform(x))` and `T = sigmoid(gate(x))`.
///
/// - Shape: `x[batch…, n] → y[batch…, n]`.
/// - Parameters held: `transform.weight [n, n]`, `transform.bias [n]` (zeros), `gate.weight [n, n]`,
///   `gate.bias [n]` (`gateBias` each: at first most is passed on).
/// - Source: Srivastava, Greff and Schmidhuber 2015, equation 3.
public final class Highway: Layer, CustomStringConvertible {
  public let activation: Activation
  let transform: Affine
  let gate: Affine
  private let gateBias: Double

  public init(activation: Activation = .relu, gateBias: Double = -1) {
    self.activation = activation
    self.gateBias = gateBias
    transform = Affine()
    gate = Affine(bias: .constant(gateBias))
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(gateBias.isFinite, "gate bias \(gateBias) is not finite")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank > 0, "needs an input with a feature axis, not a scalar")
    for part in [transform, gate] { try part.allocate(x.dtype, outputs: x[-1], inputs: x[-1]) }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let carried = gate(x, at).sigmoid()
    return x + carried * (activation(transform(x, at)) - x)
  }

  public var description: String {
    "Highway(\(transform.weight.type.map { "\($0[1])" } ?? "?"), \(activation))"
  }
}
