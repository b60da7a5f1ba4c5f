import ApusCore

/// Rates scaled by the sum of all squared gradients.
///
///     s ← s + g²
///     p ← p − η / (1 + t·rateDecay) · g / (√(s₀ + s) + ε)     // t updates before this one
/// - Source: Duchi, Hazan and Singer 2011.
public struct AdaGrad: Optimizer {
  public var learningRate: Double
  public var epsilon: Double
  /// How fast the rate falls with the number of updates.
  public var rateDecay: Double
  /// What the sum begins with, s₀.
  public var initialSum: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind

  public init(
    learningRate: Double = 0.01, epsilon: Double = 1e-10, rateDecay: Double = 0,
    initialSum: Double = 0, weightDecay: Double = 0, decay: WeightDecay.Kind = .l2
  ) {
    self.learningRate = learningRate
    self.epsilon = epsilon
    self.rateDecay = rateDecay
    self.initialSum = initialSum
    self.weightDecay = weightDecay
    self.decay = decay
  }

  public var name: String { "AdaGrad" }
  public var slots: [String] { ["sum"] }
  public var settings: [String: Double] {
    ["epsilon": epsilon, "rateDecay": rateDecay, "initialSum": initialSum]
  }

  /// The rate, and the rate after decay.
  public func scalars(rate: Double, step: Int) -> [Double] {
    [rate, rate / (1 + Double(step) * rateDecay)]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let sum = state.slot(0) + gradient.square()
    let whole = initialSum == 0 ? sum : sum + initialSum
    return (parameter - scalars[1] * gradient / (whole.sqrt() + epsilon), [sum])
  }
}
