import ApusCore

extension Loss {
  /// Cross-entropy of yes-no logits that counts easy samples less.
  ///
  ///     mean(-αₜ·(1 - pₜ)^γ·log pₜ),  pₜ = σ(z) for a yes, 1 - σ(z) for a no
  ///
  /// - Shape: `prediction[…]`, `target[…]` of 0 or 1 (floating, bool or integers); terms `[…]`.
  /// - Parameters:
  ///   - gamma: How much less; 0 gives the cross-entropy.
  ///   - alpha: The factor `αₜ` of a yes, a no has `1 - alpha`; `nil` weighs both 1.
  /// - Source: Lin et al. 2017, equation 5.
  public static func binaryFocal(gamma: Double = 2, alpha: Double? = 0.25) -> Loss {
    Loss("binaryFocal") { (logits, target) throws(Violation) in
      let target = try yesNo(target, like: logits)
      try requireNotNegative("gamma", gamma)
      if let alpha { try requireSetting("alpha", alpha, in: 0...1) }
      let entropy = logits.softplus() - logits * target
      let missing = logits.sigmoid() * (1 - target) + (-logits).sigmoid() * target
      let focused = focusing(missing, gamma) * entropy
      guard let alpha else { return focused }
      return focused * (target * alpha + (1 - target) * (1 - alpha))
    }
  }

  /// Cross-entropy of the softmax of logits that counts easy samples less.
  ///
  ///     mean(-w[t]·(1 - p[t])^γ·log p[t]),  p = softmax(logits)
  ///
  /// The mean divides by the number of samples. A class number outside `0..<K` is a data error of
  /// the run.
  /// - Shape: `prediction[N…, K]`, `target[N…]` of class numbers or one-hot `[N…, K]`; terms `[N…]`.
  /// - Parameters:
  ///   - gamma: How much less; 0 gives the cross-entropy.
  ///   - classWeights: `w`, one for each class, not negative.
  /// - Source: Lin et al. 2017, equation 5, over a softmax.
  public static func focal(gamma: Double = 2, classWeights: [Double]? = nil) -> Loss {
    Loss("focal") { (logits, target) throws(Violation) in
      try requireClasses(logits)
      try requireNotNegative("gamma", gamma)
      var hot = target
      if target.dtype.isFloating {
        try requireSame(logits, target)
      } else {
        try requireLabels(logits, target)
        hot = oneHot(target, like: logits)
      }
      let logs = (hot * logits.logSoftmax()).sum(axes: [-1])
      let focused = -(focusing(-logs.expm1(), gamma) * logs)
      guard let classWeights else { return focused }
      let weights = try classTensor("class weights", classWeights, logits)
      return focused * (hot * weights).sum(axes: [-1])
    }
  }

  /// `x^γ` for a share `x` of 0…1, with a finite slope at 0 whatever `γ` is.
  private static func focusing(_ share: Tensor, _ gamma: Double) -> Tensor {
    if gamma == 0 { return Tensor(1, like: share) }
    let wide = share.widened
    return pow(maximum(wide, Tensor(1e-30, like: wide)), gamma).converted(to: share.dtype)
  }
}
