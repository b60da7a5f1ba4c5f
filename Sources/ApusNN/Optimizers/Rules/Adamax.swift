import ApusCore

/// Adam with the largest gradient instead of the mean square.
///
///     u ← max(β₂·u, |g| + ε)
///     p ← p − η / (1 − β₁ᵗ) · m / u
/// - Source: Kingma and Ba 2015, algorithm 2.
public struct Adamax: Optimizer, AdamFamily {
  public static var defaults: AdamSettings { AdamSettings(learningRate: 2e-3) }
  public var common: AdamSettings
  public init(_ common: AdamSettings) { self.common = common }

  public var slots: [String] { ["m", "u"] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let m = beta1 * state.slot(0) + (1 - beta1) * gradient
    let u = maximum(beta2 * state.slot(1), gradient.abs() + epsilon)
    return (parameter - scalars[0] / scalars[1] * m / u, [m, u])
  }
}
