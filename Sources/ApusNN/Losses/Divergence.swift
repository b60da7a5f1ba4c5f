import ApusCore
import Foundation

extension Loss {
  /// Kullback-Leibler divergence of predicted from target distributions.
  ///
  ///     Σ t·(log t - prediction) / N,  the prediction being log-probabilities
  ///
  /// The mean over samples, PyTorch's `batchmean`, which is the divergence by its definition;
  /// `reduced(.mean)` divides by the number of elements instead, as PyTorch does unless told.
  /// - Shape: `prediction[N, …], target[N, …] →` scalar; terms `[N, …]`.
  /// - Parameter isLogTarget: Whether targets are log-probabilities too.
  /// - Source: Kullback and Leibler 1951; PyTorch's `KLDivLoss`.
  public static func klDivergence(isLogTarget: Bool = false) -> Loss {
    Loss("klDivergence", reduction: .batchMean) { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      if isLogTarget { return LossTerms(target.exp() * (target - prediction)) }
      let isZero = target .== 0
      let log = Tensor(1, like: target).where(isZero, else: target).log()
      let zero = Tensor(0, like: target)
      return LossTerms(zero.where(isZero, else: target * (log - prediction)))
    }
  }
}

/// Returns the Kullback-Leibler divergence of normal distributions from the standard one, summed
/// over the last axis: the latent part of a variational auto-encoder's loss.
///
///     KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - 1 - log σ²)
///
/// - Shape: `mean[N…, D], logVariance[N…, D] → y[N…]`.
/// - Source: Kingma and Welling 2014, appendix B.
public func klToStandardNormal(
  mean: Tensor, logVariance: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let operands = [("mean", mean), ("logVariance", logVariance)]
  return lossValue("klToStandardNormal", operands, file, line) { () throws(Violation) in
    try requireSame(mean, "mean", logVariance, "logVariance")
    try require(mean.rank > 0, "mean needs a last axis of dimensions, it is a scalar")
    // e^x - 1 - x would lose the digits of small x; expm1 keeps them.
    let terms = mean.square() + logVariance.expm1() - logVariance
    return terms.sum(axes: [-1]) * 0.5
  }
}

/// Returns the Kullback-Leibler divergence of normal distributions from others, summed over the last
/// axis.
///
///     KL(N(μ₁, σ₁²) ‖ N(μ₂, σ₂²)) = ½ Σ (log σ₂² - log σ₁² + (σ₁² + (μ₁ - μ₂)²)/σ₂² - 1)
///
/// - Shape: all four `[N…, D] → y[N…]`.
/// - Source: Kullback and Leibler 1951.
public func klBetweenNormals(
  mean: Tensor, logVariance: Tensor, otherMean: Tensor, otherLogVariance: Tensor,
  file: String = #fileID, line: Int = #line
) -> Tensor {
  let operands = [
    ("mean", mean), ("logVariance", logVariance), ("otherMean", otherMean),
    ("otherLogVariance", otherLogVariance),
  ]
  return lossValue("klBetweenNormals", operands, file, line) { () throws(Violation) in
    for (name, other) in operands.dropFirst() { try requireSame(mean, "mean", other, name) }
    try require(mean.rank > 0, "mean needs a last axis of dimensions, it is a scalar")
    let ratio = logVariance - otherLogVariance
    let distance = (mean - otherMean).square() * (-otherLogVariance).exp()
    return (ratio.expm1() - ratio + distance).sum(axes: [-1]) * 0.5
  }
}

/// Returns, element by element, the Kullback-Leibler divergence of yes-no variables that are on with
/// probability `activation` from ones that are on with probability `target`: the sparsity penalty of
/// auto-encoders, where `activation` is the mean activation of each unit over the batch.
///
///     KL(ρ ‖ ρ̂) = ρ·log(ρ/ρ̂) + (1 - ρ)·log((1 - ρ)/(1 - ρ̂)),  ρ target, ρ̂ activation
///
/// Activations are limited to `10⁻⁷…1 - 10⁻⁷` (`10⁻³` for 16-bit dtypes), with no gradient beyond.
/// - Shape: `activation[…] → y[…]`; floating dtypes.
/// - Parameter target: `ρ`, between 0 and 1, such as 0.05.
/// - Source: Ng 2011, "Sparse autoencoder".
public func klToActivation(
  _ activation: Tensor, target: Double, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue("klToActivation", [("activation", activation)], file, line) { () throws(Violation) in
    try require(
      activation.dtype.isFloating, "activation must be floating, not \(activation.dtype)")
    try require(target > 0 && target < 1, "target \(target) is not between 0 and 1")
    let margin = activation.widened.dtype == activation.dtype ? 1e-7 : 1e-3
    let limited = activation.clamped(to: margin...(1 - margin))
    let entropy = target * log(target) + (1 - target) * log(1 - target)
    return entropy - (limited.log() * target + (1 - limited).log() * (1 - target))
  }
}
