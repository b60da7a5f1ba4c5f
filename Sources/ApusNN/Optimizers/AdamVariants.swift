import ApusCore
import Foundation

/// Adam whose rates never grow: scaled by the largest second moment so far.
///
///     p ← p − η · m̂ / (√(max v / (1 − β₂ᵗ)) + ε)
/// - Source: Reddi, Kale and Kumar 2018, algorithm 2, with PyTorch's bias correction.
public struct AMSGrad: Optimizer {
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

  public var name: String { "AMSGrad" }
  public var slots: [String] { ["m", "v", "vmax"] }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }

  public func scalars(rate: Double, step: Int) -> [Double] {
    let t = Double(step) + 1
    return [rate / (1 - Foundation.pow(beta1, t)), 1 - Foundation.pow(beta2, t)]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let g = decayed(gradient, parameter, weightDecay)
    let m = beta1 * state.slot(0) + (1 - beta1) * g
    let v = beta2 * state.slot(1) + (1 - beta2) * g.square()
    let largest = maximum(state.slot(2), v)
    let scale = (largest / scalars[1]).sqrt() + epsilon
    return (parameter - scalars[0] * m / scale, [m, v, largest])
  }
}

/// Adam with the largest gradient instead of the mean square.
///
///     u ← max(β₂·u, |g| + ε)
///     p ← p − η / (1 − β₁ᵗ) · m / u
/// - Source: Kingma and Ba 2015, algorithm 2.
public struct Adamax: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(
    learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "Adamax" }
  public var slots: [String] { ["m", "u"] }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }

  public func scalars(rate: Double, step: Int) -> [Double] {
    [rate / (1 - Foundation.pow(beta1, Double(step) + 1))]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let g = decayed(gradient, parameter, weightDecay)
    let m = beta1 * state.slot(0) + (1 - beta1) * g
    let u = maximum(beta2 * state.slot(1), g.abs() + epsilon)
    return (parameter - scalars[0] * m / u, [m, u])
  }
}

/// Adam that looks ahead as Nesterov's momentum does.
///
///     μₜ = β₁·(1 − ½·0.96^(t·ψ))
///     p ← p − η · (μₜ₊₁·m / (1 − ∏₁ᵗ⁺¹ μ) + (1 − μₜ)·g / (1 − ∏₁ᵗ μ)) / (√(v / (1 − β₂ᵗ)) + ε)
/// - Source: Dozat 2016, as PyTorch's `NAdam`.
public struct NAdam: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double
  public var momentumDecay: Double

  public init(
    learningRate: Double = 2e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentumDecay = momentumDecay
  }

  public var name: String { "NAdam" }
  /// The running product of μ is the same for all elements; it is kept per element so that the
  /// rule stays pure.
  public var slots: [String] { ["m", "v", "product"] }
  public var settings: [String: Double] {
    [
      "beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay,
      "momentumDecay": momentumDecay,
    ]
  }

  /// `[rate, μₜ, μₜ₊₁, 1 − β₂ᵗ, 1 at the first step]`.
  public func scalars(rate: Double, step: Int) -> [Double] {
    func mu(_ t: Double) -> Double {
      beta1 * (1 - 0.5 * Foundation.pow(0.96, t * momentumDecay))
    }
    let t = Double(step) + 1
    return [rate, mu(t), mu(t + 1), 1 - Foundation.pow(beta2, t), step == 0 ? 1 : 0]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (rate, mu, next) = (scalars[0], scalars[1], scalars[2])
    let g = decayed(gradient, parameter, weightDecay)
    let m = beta1 * state.slot(0) + (1 - beta1) * g
    let v = beta2 * state.slot(1) + (1 - beta2) * g.square()
    // Slots begin at zero: the first product is μ₁ itself.
    let product = (state.slot(2) + scalars[4]) * mu
    let ahead = next * m / (1 - product * next) + (1 - mu) * g / (1 - product)
    let scale = (v / scalars[3]).sqrt() + epsilon
    return (parameter - rate * ahead / scale, [m, v, product])
  }
}
