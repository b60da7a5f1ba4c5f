import ApusCore

/// Rates scaled by a running mean of squared gradients.
///
///     s ← α·s + (1 − α)·g²
///     p ← p − η·g / (√s + ε)          // with momentum: b ← μ·b + g/(√s + ε), p ← p − η·b
/// Centered, `s` gives way to the variance `s − a²` with `a ← α·a + (1 − α)·g`.
/// - Source: Hinton 2012, lecture 6e; centered: Graves 2013, eq. 40.
public struct RMSProp: Optimizer {
  public var learningRate: Double
  /// What is kept of the mean in a step, below 1.
  public var alpha: Double
  public var epsilon: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind
  public var momentum: Double
  public var isCentered: Bool

  public init(
    learningRate: Double = 0.01, alpha: Double = 0.99, epsilon: Double = 1e-8,
    weightDecay: Double = 0, decay: WeightDecay.Kind = .l2, momentum: Double = 0,
    centered: Bool = false
  ) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decay = decay
    self.momentum = momentum
    isCentered = centered
  }

  public var name: String { "RMSProp" }
  public var slots: [String] {
    ["v"] + (momentum == 0 ? [] : ["buffer"]) + (isCentered ? ["mean"] : [])
  }
  public var settings: [String: Double] {
    ["alpha": alpha, "epsilon": epsilon, "momentum": momentum, "centered": isCentered ? 1 : 0]
  }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }
  public func checkSettings() throws(TensorError) { try checkNumbers(belowOne: ["alpha"]) }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let v = alpha * state.slot(0) + (1 - alpha) * gradient.square()
    var kept = [v]
    var square = v
    var mean: [Tensor] = []
    if isCentered {
      let a = alpha * state.slot(momentum == 0 ? 1 : 2) + (1 - alpha) * gradient
      // Rounding can take the variance of constant gradients below zero.
      square = (v - a.square()).clamped(to: 0...Double.greatestFiniteMagnitude)
      mean = [a]
    }
    var step = gradient / (square.sqrt() + epsilon)
    if momentum != 0 {
      step = momentum * state.slot(1) + step
      kept.append(step)
    }
    return (parameter - scalars[0] * step, kept + mean)
  }
}
