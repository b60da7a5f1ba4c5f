import ApusCore

extension Loss {
  /// Cross-entropy of the softmax of logits, the mean over samples.
  ///
  /// Targets are class numbers (`int32`, `int64` or `uint8`) or distributions over the classes of
  /// the logits' dtype. A class number outside `0..<K` is a data error of the run.
  /// - Shape: `prediction[N…, K]`; `target[N…]` of class numbers or `[N…, K]`.
  public static let crossEntropy = crossEntropy()

  /// Cross-entropy of the softmax of logits, with variations.
  ///
  /// - Parameters:
  ///   - labelSmoothing: The share of the target spread evenly over all classes.
  ///   - classWeights: `[K]`; each sample counts with the weight of its class, and the mean divides
  ///     by the weights' sum. For class numbers.
  ///   - ignoredLabel: Samples with this class number do not count, in the mean either.
  /// - Source: Szegedy et al. 2016, section 7 (smoothing); PyTorch's `CrossEntropyLoss` (means).
  public static func crossEntropy(
    labelSmoothing: Double = 0, classWeights: [Double]? = nil, ignoredLabel: Int? = nil
  ) -> Loss {
    Loss("crossEntropy") { (logits, target) throws(Violation) in
      let at = CallSite.ofLayer
      try require(logits.dtype.isFloating, "prediction must be floating, not \(logits.dtype)")
      try require(logits.rank > 0, "prediction needs a last axis of classes, it is a scalar")
      if target.dtype.isFloating {
        try requireSame(logits, target)
        try require(
          classWeights == nil && ignoredLabel == nil,
          "class weights and an ignored label need class numbers as target, not \(target.dtype)")
        try require(
          labelSmoothing >= 0 && labelSmoothing <= 1,
          "labelSmoothing \(labelSmoothing) is outside 0...1")
        let smooth =
          labelSmoothing == 0
          ? target : target * (1 - labelSmoothing) + labelSmoothing / Double(logits.shape[-1])
        return softmaxCrossEntropy(
          logits: logits, targets: smooth, file: at.file, line: at.line
        ).mean()
      }
      try require(
        target.dtype.isInteger,
        "target must be class numbers or a distribution, not \(target.dtype)")
      try require(
        target.shape.dims == Array(logits.shape.dims.dropLast()),
        "class numbers for prediction \(logits.shape) have shape "
          + "\(Shape(Array(logits.shape.dims.dropLast()))), target is \(target.shape)")
      let weights = classWeights.map { Tensor($0, dtype: logits.dtype) }
      let rows = softmaxCrossEntropy(
        logits: logits, labels: target, classWeights: weights, labelSmoothing: labelSmoothing,
        ignoredLabel: ignoredLabel, file: at.file, line: at.line)
      if weights == nil, ignoredLabel == nil { return rows.mean() }
      return rows.sum() / countedWeight(target, weights, ignoredLabel, like: logits)
    }
  }

  /// What the mean divides by: the weights of the classes that count.
  private static func countedWeight(
    _ target: Tensor, _ weights: Tensor?, _ ignoredLabel: Int?, like logits: Tensor
  ) -> Tensor {
    let labels = target.converted(to: .int64)
    var counted = Tensor(repeating: 1, shape: target.shape, dtype: logits.dtype)
    if let weights {
      let classes = Tensor.iota(logits.shape, axis: -1, dtype: .int64)
      let hot = (classes .== labels.expanded(at: -1)).converted(to: logits.dtype)
      counted = (hot * weights).sum(axes: [-1])
    }
    if let ignoredLabel {
      let ignored = labels .== Tensor(integer: Int64(ignoredLabel))
      counted = Tensor(0, like: counted).where(ignored, else: counted)
    }
    return counted.sum()
  }
}
