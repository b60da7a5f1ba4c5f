import ApusCore

extension Loss {
  /// One minus the soft Dice coefficient of every class, for segmentation.
  ///
  ///     1 - (2·Σ p·t + smoothing) / (Σ p + Σ t + smoothing)     sums over positions
  ///
  /// Predictions are probabilities: put a softmax or sigmoid before. The smoothing makes a class
  /// that occurs neither in target nor prediction cost nothing; without it that is 0/0, NaN.
  /// - Shape: `prediction[N, …, K]`, `target[N, …, K]` of 0…1 or class numbers `[N, …]`; terms
  ///   `[N, K]`.
  /// - Source: Milletari et al. 2016 (with squares there); Sudre et al. 2017.
  public static func dice(smoothing: Double = 1) -> Loss {
    overlap("dice", falsePositives: 0.5, falseNegatives: 0.5, smoothing: smoothing / 2)
  }

  /// One minus the soft intersection over union of every class (Jaccard index), for segmentation.
  ///
  ///     1 - (Σ p·t + smoothing) / (Σ p + Σ t - Σ p·t + smoothing)     sums over positions
  ///
  /// Predictions are probabilities, as in ``dice(smoothing:)``.
  /// - Shape: `prediction[N, …, K]`, `target[N, …, K]` of 0…1 or class numbers `[N, …]`; terms
  ///   `[N, K]`.
  /// - Source: Rahman and Wang 2016.
  public static func jaccard(smoothing: Double = 1) -> Loss {
    overlap("jaccard", falsePositives: 1, falseNegatives: 1, smoothing: smoothing)
  }

  /// Dice and Jaccard with weights of their own for what is wrongly found and wrongly missed.
  ///
  ///     1 - (TP + smoothing) / (TP + α·FP + β·FN + smoothing)
  ///     TP = Σ p·t,  FP = Σ p·(1 - t),  FN = Σ (1 - p)·t     sums over positions
  ///
  /// - Shape: `prediction[N, …, K]`, `target[N, …, K]` of 0…1 or class numbers `[N, …]`; terms
  ///   `[N, K]`.
  /// - Parameters:
  ///   - falsePositives: `α`.
  ///   - falseNegatives: `β`; above `α` it finds more.
  /// - Source: Salehi et al. 2017.
  public static func tversky(
    falsePositives: Double = 0.3, falseNegatives: Double = 0.7, smoothing: Double = 1
  ) -> Loss {
    overlap(
      "tversky", falsePositives: falsePositives, falseNegatives: falseNegatives,
      smoothing: smoothing)
  }

  private static func overlap(
    _ name: String, falsePositives alpha: Double, falseNegatives beta: Double, smoothing: Double
  ) -> Loss {
    Loss(name) { (p, target) throws(Violation) in
      try requireNotNegative("falsePositives", alpha)
      try requireNotNegative("falseNegatives", beta)
      try requireNotNegative("smoothing", smoothing)
      try requireClasses(p)
      try require(p.rank >= 2, "prediction needs samples and classes, it is \(p.shape)")
      var hot = target
      if target.dtype.isFloating {
        try requireSame(p, target)
      } else {
        try requireLabels(p, target)
        hot = oneHot(target, like: p)
      }
      let positions = Array(1..<(p.rank - 1))
      let (found, truth) = (p.widened, hot.widened)
      let hit = (found * truth).sum(axes: positions)
      let wrong = (found.sum(axes: positions) - hit) * alpha
      let missed = (truth.sum(axes: positions) - hit) * beta
      let index = (hit + smoothing) / (hit + wrong + missed + smoothing)
      return (1 - index).converted(to: p.dtype)
    }
  }
}
