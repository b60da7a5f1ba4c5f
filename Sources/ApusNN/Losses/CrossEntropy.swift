import ApusCore

extension Loss {
  /// Cross-entropy of the softmax of logits, the mean over samples.
  ///
  /// Targets are class numbers (`int32`, `int64` or `uint8`) or distributions over the classes of
  /// the logits' dtype. A class number outside `0..<K` is a data error of the run.
  /// - Shape: `prediction[N…, K]`; `target[N…]` of class numbers or `[N…, K]`; terms `[N…]`.
  public static let crossEntropy = crossEntropy()

  /// Cross-entropy of the softmax of logits, with variations.
  ///
  ///     lᵢ = -(1 - ε)·w[tᵢ]·log p[tᵢ] - ε/K · Σₖ w[k]·log p[k],  p = softmax(logitsᵢ)
  ///     loss = Σᵢ lᵢ / Σᵢ w[tᵢ]     over targets that are not ignored
  ///
  /// Where every target is ignored the mean is 0/0, NaN, as in PyTorch. Of distributions the terms
  /// are `-Σₖ w[k]·t[k]·log p[k]` and the mean divides by the number of samples.
  /// - Shape: `prediction[N…, K]`; `target[N…]` of class numbers or `[N…, K]`; terms `[N…]`.
  /// - Parameters:
  ///   - labelSmoothing: The share `ε` of the target spread evenly over all classes.
  ///   - classWeights: `w`, one for each class, not negative.
  ///   - ignoredLabel: Samples with this class number do not count, in the mean either. For class
  ///     numbers.
  /// - Source: Szegedy et al. 2016, section 7 (smoothing); PyTorch's `CrossEntropyLoss` (means).
  public static func crossEntropy(
    labelSmoothing: Double = 0, classWeights: [Double]? = nil, ignoredLabel: Int? = nil
  ) -> Loss {
    Loss("crossEntropy") { (logits, target) throws(Violation) in
      let at = CallSite.ofLayer
      try requireClasses(logits)
      try requireSetting("labelSmoothing", labelSmoothing, in: 0...1)
      let weights = try classWeights.map { values throws(Violation) in
        try classTensor("class weights", values, logits)
      }
      if target.dtype.isFloating {
        try requireSame(logits, target)
        try require(
          ignoredLabel == nil,
          "an ignored label needs class numbers as target, not \(target.dtype)")
        let even = labelSmoothing / Double(logits.shape[-1])
        let smooth = labelSmoothing == 0 ? target : target * (1 - labelSmoothing) + even
        return LossTerms(
          softmaxCrossEntropy(
            logits: logits, targets: weights.map { smooth * $0 } ?? smooth, file: at.file,
            line: at.line))
      }
      try requireLabels(logits, target)
      let rows = softmaxCrossEntropy(
        logits: logits, labels: target, classWeights: weights, labelSmoothing: labelSmoothing,
        ignoredLabel: ignoredLabel, file: at.file, line: at.line)
      return LossTerms(rows, shares: labelShares(target, weights, ignoredLabel, like: logits))
    }
  }

  /// Negative log-likelihood of class numbers, given log-probabilities: `mean(-prediction[target])`.
  ///
  /// - Shape: `prediction[N…, K]`, `target[N…]` of class numbers; terms `[N…]`.
  public static let negativeLogLikelihood = negativeLogLikelihood()

  /// Negative log-likelihood of class numbers, given log-probabilities, with variations.
  ///
  ///     loss = -Σᵢ w[tᵢ]·prediction[i, tᵢ] / Σᵢ w[tᵢ]     over targets that are not ignored
  ///
  /// A class number outside `0..<K` is a data error of the run. Where every target is ignored the
  /// mean is NaN.
  /// - Shape: `prediction[N…, K]`, `target[N…]` of class numbers; terms `[N…]`.
  /// - Parameters:
  ///   - classWeights: `w`, one for each class, not negative.
  ///   - ignoredLabel: Samples with this class number do not count, in the mean either.
  /// - Source: PyTorch's `NLLLoss`.
  public static func negativeLogLikelihood(
    classWeights: [Double]? = nil, ignoredLabel: Int? = nil
  ) -> Loss {
    Loss("negativeLogLikelihood") { (logs, target) throws(Violation) in
      try requireClasses(logs)
      try requireLabels(logs, target)
      let weights = try classWeights.map { values throws(Violation) in
        try classTensor("class weights", values, logs)
      }
      var labels = target.converted(to: .int64)
      if let ignoredLabel {
        let ignored = labels .== Tensor(integer: Int64(ignoredLabel))
        labels = Tensor(0, like: labels).where(ignored, else: labels)
      }
      let likelihood = logs.picking(labels: labels)
      guard let shares = labelShares(target, weights, ignoredLabel, like: logs) else {
        return LossTerms(-likelihood)
      }
      let none = Tensor(0, like: likelihood)
      return LossTerms(none.where(shares .== 0, else: -likelihood * shares), shares: shares)
    }
  }

  /// What each label counts for: the weight of its class, 0 where ignored; `nil` when all count 1.
  private static func labelShares(
    _ target: Tensor, _ weights: Tensor?, _ ignoredLabel: Int?, like logits: Tensor
  ) -> Tensor? {
    if weights == nil, ignoredLabel == nil { return nil }
    let ones = Tensor(repeating: 1, shape: target.shape, dtype: logits.dtype)
    let labels = target.converted(to: .int64)
    guard let ignoredLabel else { return weights?.gathered(labels) ?? ones }
    let ignored = labels .== Tensor(integer: Int64(ignoredLabel))
    // The ignored label need not be one of the classes.
    let known = Tensor(0, like: labels).where(ignored, else: labels)
    let shares = weights?.gathered(known) ?? ones
    return Tensor(0, like: shares).where(ignored, else: shares)
  }
}
