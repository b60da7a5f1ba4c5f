import ApusCore

/// Adam whose rates never grow: scaled by the largest second moment so far.
///
///     p ← p − η · (m / (1 − β₁ᵗ)) / (√(max v / (1 − β₂ᵗ)) + ε)
/// With decoupled decay, what PyTorch calls `AdamW(amsgrad=True)`.
/// - Source: Reddi, Kale and Kumar 2018, algorithm 2, with PyTorch's bias correction.
public struct AMSGrad: Optimizer, AdamFamily {
  public var common: AdamSettings
  public init(_ common: AdamSettings) { self.common = common }

  public var slots: [String] { ["m", "v", "vmax"] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (m, v) = moments(gradient, state)
    let largest = maximum(state.slot(2), v)
    let scale = (largest / scalars[2]).sqrt() + epsilon
    return (parameter - scalars[0] / scalars[1] * m / scale, [m, v, largest])
  }
}
