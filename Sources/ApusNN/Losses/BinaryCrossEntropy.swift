import ApusCore

extension Loss {
  /// Cross-entropy of yes-no predictions given as logits: `mean(softplus(z) - z·t)`.
  ///
  /// - Shape: `prediction[…]`, `target[…]` of 0…1 (floating, bool or integers); terms `[…]`.
  public static let binaryCrossEntropy = Loss("binaryCrossEntropy") {
    (logits, target) throws(Violation) in
    logits.softplus() - logits * (try yesNo(target, like: logits))
  }

  /// Cross-entropy of yes-no predictions given as logits, where a yes counts more or less than a no.
  ///
  ///     mean((1 - t)·z + (1 + (w - 1)·t)·softplus(-z))
  ///
  /// - Shape: `prediction[…, K]`, `target[…, K]` of 0…1 (floating, bool or integers); terms
  ///   `[…, K]`.
  /// - Parameter positiveWeights: The factor `w` of a yes, for each class of the last axis; a single
  ///   number stands for all.
  /// - Source: PyTorch's `BCEWithLogitsLoss` (`pos_weight`).
  public static func binaryCrossEntropy(positiveWeights: [Double]) -> Loss {
    Loss("binaryCrossEntropy") { (logits, target) throws(Violation) in
      let target = try yesNo(target, like: logits)
      var weights = Tensor(positiveWeights.first ?? 1, like: logits)
      if positiveWeights.count == 1 {
        try requireNotNegative("positive weight", positiveWeights[0])
      } else {
        try require(logits.rank > 0, "\(positiveWeights.count) positive weights for a scalar")
        weights = try classTensor("positive weights", positiveWeights, logits)
      }
      return (1 - target) * logits + (1 + (weights - 1) * target) * (-logits).softplus()
    }
  }

  /// Cross-entropy of yes-no predictions given as probabilities:
  /// `mean(-t·log p - (1 - t)·log(1 - p))`.
  ///
  /// Logarithms are limited to -100, as in PyTorch, and have no gradient there; prefer logits, which
  /// lose no precision. A probability outside 0…1 gives NaN.
  /// - Shape: `prediction[…]`, `target[…]` of 0…1 (floating, bool or integers); terms `[…]`.
  public static let binaryCrossEntropyOfProbabilities = Loss("binaryCrossEntropyOfProbabilities") {
    (p, target) throws(Violation) in
    let target = try yesNo(target, like: p)
    return -(target * p.limitedLog() + (1 - target) * (1 - p).limitedLog())
  }
}

extension Tensor {
  /// `max(log x, -100)`, with no gradient where that limits; NaN below 0.
  fileprivate func limitedLog() -> Tensor {
    let floor = Tensor(-100, like: self)
    let isZero = self .== 0
    // The derivative 1/x is not formed at 0, where it would turn 0·∞ into NaN.
    let log = Tensor(1, like: self).where(isZero, else: self).log()
    return floor.where(isZero, else: maximum(log, floor))
  }
}
