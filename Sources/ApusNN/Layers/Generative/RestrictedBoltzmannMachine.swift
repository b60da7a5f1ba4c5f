import ApusCore

/// A layer of visible and one of hidden units, each connected to all of the other.
///
///     E(v, h) = −hᵀ·W·v − aᵀ·v − bᵀ·h            Bernoulli visible units
///     E(v, h) = ½‖v − a‖² − hᵀ·W·v − bᵀ·h        Gaussian visible units of variance 1
///     p(h_j = 1 | v) = sigmoid(b + W·v)_j
///     p(v_i = 1 | h) = sigmoid(a + Wᵀ·h)_i       or v | h normal with mean a + Wᵀ·h
///     F(v) = −log Σ_h e^(−E(v, h)) = −aᵀ·v (or ½‖v − a‖²) − Σ_j softplus(b + W·v)_j
///
/// As a layer it gives the hidden probabilities, the features for a machine or classifier on top.
/// Trained by ``contrastiveDivergence(_:steps:chain:_:file:line:)``:
///
/// ```swift
/// let machine = RestrictedBoltzmannMachine(64)
/// try machine.build(batch.type, seed: 0)
/// var state = OptimizerState(SGD(learningRate: 0.1), for: machine)
/// let context = Context(isTraining: true, key: key)
/// let (_, gradients) = machine.valueAndGradients {
///   machine.contrastiveDivergence(batch, context).loss
/// }
/// try state.update(gradients)
/// ```
/// - Shape: `v[batch…, visible] → h[batch…, hidden]`.
/// - Parameters held: `weight [hidden, visible]` (normal, σ = 0.01), `visible_bias [visible]`,
///   `hidden_bias [hidden]` (zeros).
/// - Source: Smolensky 1986; Hinton 2010, "A practical guide to training restricted Boltzmann
///   machines"; Hinton and Salakhutdinov 2006 (Gaussian units).
public final class RestrictedBoltzmannMachine: Layer, CustomStringConvertible {
  /// What visible units are.
  public enum VisibleUnits: String, Sendable {
    /// 0 or 1; data may be probabilities.
    case bernoulli
    /// Numbers of mean 0 and variance 1.
    case gaussian
  }

  public let hidden: Int
  public let visibleUnits: VisibleUnits
  public let weight: Parameter
  public let visibleBias = Parameter(.zeros, name: "visible_bias")
  public let hiddenBias = Parameter(.zeros, name: "hidden_bias")

  public init(
    _ hidden: Int, visibleUnits: VisibleUnits = .bernoulli,
    weight: Initializer = .normal(deviation: 0.01)
  ) {
    self.hidden = hidden
    self.visibleUnits = visibleUnits
    self.weight = Parameter(weight)
  }

  public func build(for v: TensorType) throws(Violation) {
    try require(hidden > 0, "\(hidden) hidden units are not a positive number")
    try require(v.dtype.isFloating, "needs a floating dtype, not \(v.dtype)")
    try require(v.rank >= 2, "needs a batch axis and visible units, not rank \(v.rank)")
    try TensorType(v.dtype, [hidden, v[-1]]).checkSize("the weight")
    try weight.allocate(v.dtype, [hidden, v[-1]])
    try visibleBias.allocate(v.dtype, [v[-1]])
    try hiddenBias.allocate(v.dtype, [hidden])
    if let held = weight.type {
      try require(held[1] == v[-1], "takes \(held[1]) visible units, the input has \(v[-1])")
      try require(held.dtype == v.dtype, "is of \(held.dtype), the input of \(v.dtype)")
    }
  }

  public func forward(_ v: Tensor, _ context: Context) -> Tensor { hiddenInput(v).sigmoid() }

  public var description: String {
    let visible = weight.type.map { "\($0[1])" } ?? "?"
    return "RestrictedBoltzmannMachine(\(visible) \(visibleUnits.rawValue) → \(hidden))"
  }

  func hiddenInput(_ v: Tensor) -> Tensor {
    let at = CallSite.ofLayer
    return matmul(v, weight.value.matrixTransposed(), file: at.file, line: at.line)
      + hiddenBias.value
  }

  /// The mean of the visible units given hidden ones.
  func visibleMean(_ h: Tensor) -> Tensor {
    let input = matmul(h, weight.value) + visibleBias.value
    return visibleUnits == .bernoulli ? input.sigmoid() : input
  }

  /// Runs the rule of a call on visible units, after the checks of a layer call.
  func called(
    _ v: Tensor, _ context: Context?, _ file: String, _ line: Int, _ body: (Context) -> Tensor
  ) -> Tensor {
    if v.error != nil { return v }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) { try build(for: v.type) } catch {
        return refusal(error.reason, [("v", v)], CallSite(file: file, line: line))
      }
      return body(context)
    }
  }
}
