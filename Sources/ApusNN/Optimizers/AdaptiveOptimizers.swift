import ApusCore

/// Rates scaled by the sum of all squared gradients.
///
///     s ← s + g²
///     p ← p − η·g / (√s + ε)
/// - Source: Duchi, Hazan and Singer 2011.
public struct AdaGrad: Optimizer {
  public var learningRate: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(learningRate: Double = 0.01, epsilon: Double = 1e-10, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "AdaGrad" }
  public var slots: [String] { ["sum"] }
  public var settings: [String: Double] { ["epsilon": epsilon, "weightDecay": weightDecay] }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let g = decayed(gradient, parameter, weightDecay)
    let sum = state.slot(0) + g.square()
    return (parameter - scalars[0] * g / (sum.sqrt() + epsilon), [sum])
  }
}

/// Rates scaled by a running mean of squared gradients.
///
///     s ← α·s + (1 − α)·g²
///     p ← p − η·g / (√s + ε)          // with momentum: b ← μ·b + g/(√s + ε), p ← p − η·b
/// - Source: Hinton 2012, lecture 6e.
public struct RMSProp: Optimizer {
  public var learningRate: Double
  public var alpha: Double
  public var epsilon: Double
  public var weightDecay: Double
  public var momentum: Double

  public init(
    learningRate: Double = 0.01, alpha: Double = 0.99, epsilon: Double = 1e-8,
    weightDecay: Double = 0, momentum: Double = 0
  ) {
    self.learningRate = learningRate
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
  }

  public var name: String { "RMSProp" }
  public var slots: [String] { momentum == 0 ? ["v"] : ["v", "buffer"] }
  public var settings: [String: Double] {
    ["alpha": alpha, "epsilon": epsilon, "weightDecay": weightDecay, "momentum": momentum]
  }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let g = decayed(gradient, parameter, weightDecay)
    let v = alpha * state.slot(0) + (1 - alpha) * g.square()
    let step = g / (v.sqrt() + epsilon)
    guard momentum != 0 else { return (parameter - scalars[0] * step, [v]) }
    let buffer = momentum * state.slot(1) + step
    return (parameter - scalars[0] * buffer, [v, buffer])
  }
}

/// Steps in the units of the parameter, from running means of squared gradients and updates.
///
///     s ← ρ·s + (1 − ρ)·g²
///     d ← √(u + ε) / √(s + ε) · g
///     u ← ρ·u + (1 − ρ)·d²
///     p ← p − η·d
/// - Source: Zeiler 2012.
public struct AdaDelta: Optimizer {
  public var learningRate: Double
  public var rho: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(
    learningRate: Double = 1, rho: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.rho = rho
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "AdaDelta" }
  public var slots: [String] { ["v", "delta"] }
  public var settings: [String: Double] {
    ["rho": rho, "epsilon": epsilon, "weightDecay": weightDecay]
  }
  public func scalars(rate: Double, step: Int) -> [Double] { [rate] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let g = decayed(gradient, parameter, weightDecay)
    let v = rho * state.slot(0) + (1 - rho) * g.square()
    let step = (state.slot(1) + epsilon).sqrt() / (v + epsilon).sqrt() * g
    let delta = rho * state.slot(1) + (1 - rho) * step.square()
    return (parameter - scalars[0] * step, [v, delta])
  }
}

/// The gradient with weight decay added.
func decayed(_ gradient: Tensor, _ parameter: Tensor, _ decay: Double) -> Tensor {
  decay == 0 ? gradient : gradient + decay * parameter
}
