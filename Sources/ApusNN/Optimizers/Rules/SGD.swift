import ApusCore

/// Gradient descent, with momentum (Polyak 1964) and looking ahead (Nesterov 1983) if wanted.
///
///     v ← momentum·v + (1 − dampening)·g        // v ← g in the first step
///     p ← p − η·v                                // nesterov: p − η·(g + momentum·v)
/// Whether a step sees all samples, a few or one is up to the batches it is given.
/// - Source: Sutskever et al. 2013; the formulas of PyTorch's `SGD`.
public struct SGD: Optimizer {
  public var learningRate: Double
  public var momentum: Double
  /// Needs momentum, and no dampening.
  public var nesterov: Bool
  public var dampening: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind

  public init(
    learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false,
    dampening: Double = 0, weightDecay: Double = 0, decay: WeightDecay.Kind = .l2
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.decay = decay
  }

  public var name: String { "SGD" }
  public var slots: [String] { momentum == 0 ? [] : ["velocity"] }
  public var settings: [String: Double] {
    ["momentum": momentum, "nesterov": nesterov ? 1 : 0, "dampening": dampening]
  }

  public func checkSettings() throws(TensorError) {
    try checkNumbers()
    if nesterov, momentum == 0 || dampening != 0 {
      throw TensorError(
        operation: name,
        reason: "nesterov needs momentum and no dampening: they are \(momentum) and \(dampening)")
    }
    if dampening > 1 {
      throw TensorError(operation: name, reason: "dampening \(dampening) is above 1")
    }
  }

  /// `[rate, 1]`, or `[rate, 1 − dampening]` after the first step.
  public func scalars(rate: Double, step: Int) -> [Double] {
    [rate, step == 0 || momentum == 0 ? 1 : 1 - dampening]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    update(parameter, gradient: gradient, state: state, scalars: scalars, decay: .zero)
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor, decay: WeightDecay
  ) -> (parameter: Tensor, state: [Tensor]) {
    // The kernel knows decay through the gradient only, and dampens the gradient before that.
    let isFused = momentum != 0 && (decay.rate == 0 || (decay.kind == .l2 && dampening == 0))
    let (p, g) =
      isFused ? (parameter, gradient) : decay.applied(to: parameter, gradient, rate: scalars[0])
    if momentum == 0 { return (p - scalars[0] * g, []) }
    let (new, v) = sgdMomentumUpdate(
      p, gradient: g, velocity: state.slot(0), scalars: scalars, momentum: momentum,
      nesterov: nesterov, weightDecay: isFused ? decay.rate : 0)
    return (new, [v])
  }
}
