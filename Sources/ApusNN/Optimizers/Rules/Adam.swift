import ApusCore

/// Steps scaled by running means of the gradient and of its square.
///
///     m ← β₁·m + (1 − β₁)·g
///     v ← β₂·v + (1 − β₂)·g²
///     p ← p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
/// - Source: Kingma and Ba 2015, algorithm 1.
public struct Adam: Optimizer, AdamFamily {
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
    fusedAdam(parameter, gradient, state, scalars, decay)
  }
}

/// Adam whose weight decay, 0.01 unless given, shrinks the parameter itself.
///
///     p ← p − η·weightDecay·p, then as Adam without decay
/// - Source: Loshchilov and Hutter 2019, algorithm 2.
public struct AdamW: Optimizer, AdamFamily {
  public static var defaults: AdamSettings {
    AdamSettings(weightDecay: 0.01, decay: .decoupled)
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
    fusedAdam(parameter, gradient, state, scalars, decay)
  }
}

extension AdamFamily {
  /// Adam as one kernel, which knows decay but for that of L1.
  fileprivate func fusedAdam(
    _ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ scalars: Tensor,
    _ decay: WeightDecay
  ) -> (parameter: Tensor, state: [Tensor]) {
    let isFused = decay.kind != .l1
    let g = isFused ? gradient : decay.applied(to: parameter, gradient, rate: scalars).gradient
    let (p, m, v) = adamUpdate(
      parameter, gradient: g, firstMoment: state.slot(0), secondMoment: state.slot(1),
      scalars: scalars, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: isFused ? decay.rate : 0, decoupled: decay.kind == .decoupled)
    return (p, [m, v])
  }
}
