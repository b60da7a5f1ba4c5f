import ApusCore

/// Steps of one size for every element, by the sign of a mean of gradients.
///
///     p ← p − η·(sign(β₁·m + (1 − β₁)·g) + weightDecay·p)
///     m ← β₂·m + (1 − β₂)·g
/// Rates want to be 3 to 10 times smaller than those of AdamW, decay as much larger.
/// - Source: Chen et al. 2023, algorithm 2.
public struct Lion: Optimizer {
  public var learningRate: Double
  /// The share of the mean in the direction, below 1.
  public var beta1: Double
  /// What is kept of the mean in a step, below 1.
  public var beta2: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind

  public init(
    learningRate: Double = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99,
    weightDecay: Double = 0, decay: WeightDecay.Kind = .decoupled
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.weightDecay = weightDecay
    self.decay = decay
  }

  public var name: String { "Lion" }
  public var slots: [String] { ["m"] }
  public var settings: [String: Double] { ["beta1": beta1, "beta2": beta2] }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }

  public func checkSettings() throws(TensorError) {
    try checkNumbers(belowOne: ["beta1", "beta2"])
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let direction = (beta1 * state.slot(0) + (1 - beta1) * gradient).sign()
    let m = beta2 * state.slot(0) + (1 - beta2) * gradient
    return (parameter - scalars[0] * direction, [m])
  }
}
