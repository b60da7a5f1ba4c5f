import ApusCore

/// The loss of a variational auto-encoder: how badly it reconstructs, and how far the distribution
/// of codes is from the standard normal one.
///
///     Σ reconstruction terms + beta·KL(N(μ, σ²) ‖ N(0, 1))     sums per sample, mean over samples
///
/// ```swift
/// let vae = VAELoss(reconstruction: .binaryCrossEntropy)
/// let loss = vae(logits, x, mean: mean, logVariance: logVariance)
/// ```
/// - Shape: `reconstruction[N, …], target[N, …], mean[N, D], logVariance[N, D] →` scalar; terms
///   `[N]`.
/// - Source: Kingma and Welling 2014, equation 10; Higgins et al. 2017 (`beta`).
public struct VAELoss: Sendable {
  /// Compares the reconstruction with the target; its terms are summed per sample.
  public var reconstruction: Loss
  /// The factor of the divergence.
  public var beta: Double
  public var reduction: Reduction

  /// Creates a loss.
  ///
  /// - Parameter reconstruction: Takes logits, unless another is chosen: the squared error for
  ///   instance, ``Loss/halfSumSquaredError``, for codes decoded to a normal distribution.
  public init(
    reconstruction: Loss = .binaryCrossEntropy, beta: Double = 1, reduction: Reduction = .mean
  ) {
    self.reconstruction = reconstruction
    self.beta = beta
    self.reduction = reduction
  }

  /// Returns the loss of a batch.
  public func callAsFunction(
    _ prediction: Tensor, _ target: Tensor, mean: Tensor, logVariance: Tensor,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [
      ("reconstruction", prediction), ("target", target), ("mean", mean),
      ("logVariance", logVariance),
    ]
    return lossValue("VAELoss", operands, file, line) { () throws(Violation) in
      try requireNotNegative("beta", beta)
      let terms = try reconstruction.terms(prediction, target).values
      if terms.error != nil { return terms }
      try require(
        mean.rank == 2 && terms.rank > 0 && mean.shape[0] == terms.shape[0],
        "codes are [N, D] for the N samples of \(prediction.shape), not \(mean.shape)")
      try require(
        mean.dtype == terms.dtype,
        "dtypes differ: reconstruction is \(terms.dtype), mean "
          + "\(mean.dtype)")
      let divergence = klToStandardNormal(mean: mean, logVariance: logVariance)
      if divergence.error != nil { return divergence }
      let total = terms.sumPerSample() + divergence * beta
      return try LossTerms(total).reduced(reduction, weights: nil)
    }
  }
}
