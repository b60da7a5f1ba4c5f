import ApusCore
import Foundation

/// Steps scaled by running means of the gradient and of its square.
///
///     g ← g + weightDecay·p
///     m ← β₁·m + (1 − β₁)·g
///     v ← β₂·v + (1 − β₂)·g²
///     p ← p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
/// - Source: Kingma and Ba 2015, algorithm 1.
public struct Adam: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "Adam" }
  public var slots: [String] { ["m", "v"] }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }

  public func scalars(rate: Double, step: Int) -> [Double] {
    adamScalars(rate: rate, beta1: beta1, beta2: beta2, step: step)
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (p, m, v) = adamUpdate(
      parameter, gradient: gradient, firstMoment: state.slot(0), secondMoment: state.slot(1),
      scalars: scalars, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
      decoupled: false)
    return (p, [m, v])
  }
}

/// Adam whose weight decay shrinks the parameter itself.
///
///     p ← p − η·weightDecay·p, then as Adam without decay
/// - Source: Loshchilov and Hutter 2019, algorithm 2.
public struct AdamW: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "AdamW" }
  public var slots: [String] { ["m", "v"] }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }

  public func scalars(rate: Double, step: Int) -> [Double] {
    adamScalars(rate: rate, beta1: beta1, beta2: beta2, step: step)
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (p, m, v) = adamUpdate(
      parameter, gradient: gradient, firstMoment: state.slot(0), secondMoment: state.slot(1),
      scalars: scalars, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
      decoupled: true)
    return (p, [m, v])
  }
}

/// `[rate, 1 − β₁ᵗ, 1 − β₂ᵗ, 1]` for the step after `step` updates.
private func adamScalars(rate: Double, beta1: Double, beta2: Double, step: Int) -> [Double] {
  let t = Double(step) + 1
  return [rate, 1 - Foundation.pow(beta1, t), 1 - Foundation.pow(beta2, t), 1]
}
