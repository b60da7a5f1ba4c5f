import ApusCore
import Foundation

/// Adam that looks ahead as Nesterov's momentum does.
///
///     μₜ = β₁·(1 − ½·0.96^(t·ψ))          // ψ: momentumDecay
///     p ← p − η · (μₜ₊₁·m / (1 − ∏₁ᵗ⁺¹ μ) + (1 − μₜ)·g / (1 − ∏₁ᵗ μ)) / (√(v / (1 − β₂ᵗ)) + ε)
/// - Source: Dozat 2016, as PyTorch's `NAdam`.
public struct NAdam: Optimizer, AdamFamily {
  public static var defaults: AdamSettings { AdamSettings(learningRate: 2e-3) }
  public var common: AdamSettings
  /// How fast μ rises from β₁/2 to β₁.
  public var momentumDecay = 4e-3

  public init(_ common: AdamSettings) { self.common = common }

  /// Creates the rule with another decay of momentum.
  public init(_ common: AdamSettings = Self.defaults, momentumDecay: Double) {
    self.common = common
    self.momentumDecay = momentumDecay
  }

  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "momentumDecay": momentumDecay]
  }

  /// `[rate, μₜ₊₁ / (1 − ∏₁ᵗ⁺¹ μ), (1 − μₜ) / (1 − ∏₁ᵗ μ), 1 − β₂ᵗ]`.
  public func scalars(rate: Double, step: Int) -> [Double] {
    func mu(_ t: Double) -> Double {
      beta1 * (1 - 0.5 * Foundation.pow(0.96, t * momentumDecay))
    }
    let t = Double(step) + 1
    let product = productOfMomenta(Int(exactly: t) ?? .max)
    let ahead = mu(t + 1) / (1 - product * mu(t + 1))
    return [rate, ahead, (1 - mu(t)) / (1 - product), 1 - Foundation.pow(beta2, t)]
  }

  /// `∏ μᵢ` for i from 1 to `count`; ends early when 1 less the product is 1.
  private func productOfMomenta(_ count: Int) -> Double {
    guard beta1 >= 0, beta1 < 1, momentumDecay >= 0 else { return .nan }
    let ratio = Foundation.pow(0.96, momentumDecay)
    var (product, power) = (1.0, 1.0)
    var done = 0
    while done < count, product > 1e-20 {
      power *= ratio
      product *= beta1 * (1 - 0.5 * power)
      done += 1
    }
    return product
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (m, v) = moments(gradient, state)
    let ahead = scalars[1] * m + scalars[2] * gradient
    let scale = (v / scalars[3]).sqrt() + epsilon
    return (parameter - scalars[0] * ahead / scale, [m, v])
  }
}
