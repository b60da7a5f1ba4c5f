import ApusCore

/// Steps in the units of the parameter, from running means of squared gradients and updates.
///
///     s ← ρ·s + (1 − ρ)·g²
///     d ← √(u + ε) / √(s + ε) · g
///     u ← ρ·u + (1 − ρ)·d²
///     p ← p − η·d
/// - Source: Zeiler 2012.
public struct AdaDelta: Optimizer {
  public var learningRate: Double
  /// What is kept of the means in a step, below 1.
  public var rho: Double
  public var epsilon: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind

  public init(
    learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0,
    decay: WeightDecay.Kind = .l2
  ) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decay = decay
  }

  public var name: String { "AdaDelta" }
  public var slots: [String] { ["v", "delta"] }
  public var settings: [String: Double] { ["rho": rho, "epsilon": epsilon] }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }
  public func checkSettings() throws(TensorError) { try checkNumbers(belowOne: ["rho"]) }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let v = rho * state.slot(0) + (1 - rho) * gradient.square()
    let step = (state.slot(1) + epsilon).sqrt() / (v + epsilon).sqrt() * gradient
    let delta = rho * state.slot(1) + (1 - rho) * step.square()
    return (parameter - scalars[0] * step, [v, delta])
  }
}
