import ApusCore

/// Adam whose step is as long as the parameter, for large batches.
///
///     r = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε) + weightDecay·p
///     p ← p − η · (‖p‖ / ‖r‖) · r          // the ratio is 1 where a norm is 0
/// Decoupled decay is part of `r`, as here; the other kinds are added to the gradient.
/// - Source: You et al. 2020, algorithm 2, with φ(z) = z.
public struct LAMB: Optimizer, AdamFamily {
  public static var defaults: AdamSettings {
    AdamSettings(epsilon: 1e-6, decay: .decoupled)
  }
  public var common: AdamSettings
  public init(_ common: AdamSettings) { self.common = common }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    update(parameter, gradient: gradient, state: state, scalars: scalars, decay: .zero)
  }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor, decay: WeightDecay
  ) -> (parameter: Tensor, state: [Tensor]) {
    let isPart = decay.kind == .decoupled
    let g = isPart ? gradient : decay.applied(to: parameter, gradient, rate: scalars).gradient
    let (m, v) = moments(g, state)
    var r = m / scalars[1] / ((v / scalars[2]).sqrt() + epsilon)
    if isPart, decay.rate != 0 { r = r + decay.rate * parameter }
    let (length, step) = (parameter.square().sum().sqrt(), r.square().sum().sqrt())
    let one = Tensor(1, like: length)
    let isUsable = (length .> 0) .& (step .> 0)
    let ratio = (length / step.where(step .> 0, else: one)).where(isUsable, else: one)
    return (parameter - scalars[0] * ratio * r, [m, v])
  }
}
