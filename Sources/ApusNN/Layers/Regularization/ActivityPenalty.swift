import ApusCore
import Foundation

/// Passes its input on, and adds to the loss, in training, a penalty on how large it is:
/// `(l1 · Σ|x| + l2 · Σx²) / N`.
///
/// - Shape: `x[N, …] → y[N, …]`.
/// - Source: Keras, `ActivityRegularization`; Tibshirani 1996 (L1).
public final class ActivityPenalty: Layer, CustomStringConvertible {
  public let l1: Double
  public let l2: Double

  public init(l1: Double = 0, l2: Double = 0) {
    self.l1 = l1
    self.l2 = l2
  }

  public func build(for x: TensorType) throws(Violation) {
    for (name, value) in [("l1", l1), ("l2", l2)] {
      try require(value >= 0 && value.isFinite, "\(name) \(value) is not a finite number from 0")
    }
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, x.count > 0 else { return x }
    let share = 1 / Double(x.shape[0])
    if l1 > 0 { context.penalize(x.abs().sum() * (l1 * share)) }
    if l2 > 0 { context.penalize(x.square().sum() * (l2 * share)) }
    return x
  }

  public var description: String { "ActivityPenalty(l1: \(l1), l2: \(l2))" }
}

/// Passes its input on, and adds to the loss, in training, how far the mean activation of each unit
/// is from a small target: the sparse auto-encoder.
///
///     penalty = weight · Σ over units j of KL(ρ ‖ ρ̂_j)
///     KL(ρ ‖ ρ̂) = ρ·log(ρ/ρ̂) + (1 − ρ)·log((1 − ρ)/(1 − ρ̂)),   ρ̂_j = mean over the batch
///
/// Activations must be in 0…1, as those of the sigmoid; means are kept `1e-6` inside.
///
/// - Shape: `x[N, …, units] → y[N, …, units]`; the mean is over all axes but the last.
/// - Source: Ng 2011, "Sparse autoencoder", CS294A lecture notes, section 3.
public final class SparsityPenalty: Layer, CustomStringConvertible {
  /// The mean activation wanted, ρ.
  public let target: Double
  public let weight: Double

  public init(target: Double = 0.05, weight: Double = 3) {
    self.target = target
    self.weight = weight
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(target > 0 && target < 1, "target \(target) is not between 0 and 1")
    try require(weight >= 0 && weight.isFinite, "weight \(weight) is not a finite number from 0")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank >= 2, "needs a batch axis and units, not rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, weight > 0, x.count > 0 else { return x }
    let mean = x.mean(axes: Array(0..<(x.rank - 1))).clamped(to: 1e-6...(1 - 1e-6))
    let entropy = target * log(target) + (1 - target) * log(1 - target)
    let cross = target * mean.log() + (1 - target) * (1 - mean).log()
    context.penalize((entropy - cross).sum() * weight)
    return x
  }

  public var description: String { "SparsityPenalty(target \(target), weight \(weight))" }
}
