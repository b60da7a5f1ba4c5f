import ApusCore
import Foundation

/// Adam whose step is rectified while the second moment rests on few gradients.
///
///     ρ∞ = 2 / (1 − β₂) − 1,   ρₜ = ρ∞ − 2t·β₂ᵗ / (1 − β₂ᵗ),   m̂ = m / (1 − β₁ᵗ)
///     ρₜ > 5:  p ← p − η·m̂·r·√(1 − β₂ᵗ) / (√v + ε),
///              r = √((ρₜ − 4)(ρₜ − 2)·ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)·ρₜ))
///     else:    p ← p − η·m̂
/// - Source: Liu et al. 2020, algorithm 2; the bound 5 and the place of ε are PyTorch's.
public struct RAdam: Optimizer, AdamFamily {
  public var common: AdamSettings
  public init(_ common: AdamSettings) { self.common = common }

  /// `[rate, 1 − β₁ᵗ, r·√(1 − β₂ᵗ) or 0, 0 or 1]`.
  public func scalars(rate: Double, step: Int) -> [Double] {
    let t = Double(step) + 1
    let power = Foundation.pow(beta2, t)
    let limit = 2 / (1 - beta2) - 1
    let length = limit - 2 * t * power / (1 - power)
    let correction = 1 - Foundation.pow(beta1, t)
    guard length > 5 else { return [rate, correction, 0, 1] }
    let above = (length - 4) * (length - 2) * limit
    let below = (limit - 4) * (limit - 2) * length
    return [rate, correction, (above / below * (1 - power)).squareRoot(), 0]
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (m, v) = moments(gradient, state)
    let scale = scalars[2] / (v.sqrt() + epsilon) + scalars[3]
    return (parameter - scalars[0] / scalars[1] * m * scale, [m, v])
  }
}
