import ApusCore

extension Loss {
  /// `mean(max(0, 1 - t·y))`, the loss of support vector machines.
  ///
  /// - Shape: `prediction[…]`, `target[…]` of -1 and 1, or `bool`; terms `[…]`.
  /// - Source: Cortes and Vapnik 1995.
  public static let hinge = Loss("hinge") { (prediction, target) throws(Violation) in
    (1 - (try signs(target, like: prediction)) * prediction).relu()
  }

  /// `mean(max(0, 1 - t·y)²)`.
  ///
  /// - Shape: `prediction[…]`, `target[…]` of -1 and 1, or `bool`; terms `[…]`.
  public static let squaredHinge = Loss("squaredHinge") { (prediction, target) throws(Violation) in
    (1 - (try signs(target, like: prediction)) * prediction).relu().square()
  }

  /// How far other classes come within a margin of the right one.
  ///
  ///     lᵢ = w[t]/K · Σ_{k≠t} max(0, margin - y[t] + y[k])^p
  ///
  /// A class number outside `0..<K` is a data error of the run.
  /// - Shape: `prediction[N…, K]`, `target[N…]` of class numbers; terms `[N…]`.
  /// - Parameters:
  ///   - power: `p`, 1 or 2.
  ///   - classWeights: `w`, one for each class, not negative.
  /// - Source: Crammer and Singer 2001; PyTorch's `MultiMarginLoss`.
  public static func multiClassHinge(
    margin: Double = 1, power: Int = 1, classWeights: [Double]? = nil
  ) -> Loss {
    Loss("multiClassHinge") { (prediction, target) throws(Violation) in
      try requireClasses(prediction)
      try requireLabels(prediction, target)
      try require(margin.isFinite, "margin \(margin) is not finite")
      try require(power == 1 || power == 2, "power \(power) is neither 1 nor 2")
      let hot = oneHot(target, like: prediction)
      let right = (hot * prediction).sum(axes: [-1], keepingAxes: true)
      let short = (margin - right + prediction).relu() * (1 - hot)
      var terms = (power == 1 ? short : short.square()).sum(axes: [-1])
      if let classWeights {
        let weights = try classTensor("class weights", classWeights, prediction)
        terms = terms * (hot * weights).sum(axes: [-1])
      }
      return terms / Double(prediction.shape[-1])
    }
  }

  /// Targets as -1 and 1 in the dtype of the predictions.
  private static func signs(_ target: Tensor, like prediction: Tensor) throws(Violation) -> Tensor {
    var signs = target
    if target.dtype == .bool { signs = target.converted(to: prediction.dtype) * 2 - 1 }
    try requireSame(prediction, signs)
    return signs
  }
}
