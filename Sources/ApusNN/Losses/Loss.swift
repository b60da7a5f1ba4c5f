import ApusCore

/// How far predictions are from targets: one number for a batch, by default the mean.
///
/// A loss never broadcasts: prediction and target of different shapes are refused, since a column
/// against a row would silently compare everything with everything.
///
/// ```swift
/// let loss = Loss.meanSquaredError(model(x), y)               // the mean
/// let total = Loss.meanSquaredError.reduced(.sum)(model(x), y)
/// let each = Loss.crossEntropy.perSample(model(x), y)         // [N]
/// let masked = Loss.meanAbsoluteError.reduced(.weightedMean)(model(x), y, weights: mask)
/// ```
public struct Loss: Sendable, CustomStringConvertible {
  /// What a loss compares before it is reduced.
  typealias Rule = @Sendable (Tensor, Tensor) throws(Violation) -> LossTerms

  public let name: String
  /// How the terms become the loss of a batch.
  public let reduction: Reduction
  private let rule: Rule

  /// Creates a loss of one's own.
  ///
  /// - Parameter rule: Returns floating terms for predictions and targets, of which the loss is the
  ///   mean: one per element, one per sample, or a single number. A `Violation` it throws becomes an
  ///   error naming both.
  public init(
    _ name: String, _ rule: @escaping @Sendable (Tensor, Tensor) throws(Violation) -> Tensor
  ) {
    self.init(name, reduction: .mean) { (prediction, target) throws(Violation) in
      LossTerms(try rule(prediction, target))
    }
  }

  init(_ name: String, reduction: Reduction = .mean, terms: @escaping Rule) {
    self.name = name
    self.reduction = reduction
    self.rule = terms
  }

  /// Returns the same loss with its terms combined in another way.
  public func reduced(_ reduction: Reduction) -> Loss {
    Loss(name, reduction: reduction, terms: rule)
  }

  /// Returns the loss of a batch.
  ///
  /// - Shape: scalar; with the reduction ``Reduction/none`` the terms, one per element or sample.
  /// - Parameter weights: Factors of the terms: one per sample `[N]`, or any leading axes of the
  ///   terms, or all of them; floating of the terms' dtype or `bool` (a mask).
  public func callAsFunction(
    _ prediction: Tensor, _ target: Tensor, weights: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let operands = operands(prediction, target, weights)
    return lossValue(name, operands, file, line) { () throws(Violation) in
      let terms = try terms(prediction, target)
      if terms.values.error != nil { return terms.values }
      return try terms.reduced(reduction, weights: weights)
    }
  }

  /// Returns one loss per sample: the mean of the terms that belong to it.
  ///
  /// - Shape: `prediction[N, …], target[N, …] → y[N]`; a scalar for losses of one term.
  public func perSample(
    _ prediction: Tensor, _ target: Tensor, weights: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let operands = operands(prediction, target, weights)
    return lossValue(name, operands, file, line) { () throws(Violation) in
      let terms = try terms(prediction, target)
      if terms.values.error != nil { return terms.values }
      let values = try terms.weighted(by: weights)
      if values.rank < 2 { return values }
      return values.widened.mean(axes: Array(1..<values.rank)).converted(to: values.dtype)
    }
  }

  /// The terms themselves, also for losses that are made of others.
  func terms(_ prediction: Tensor, _ target: Tensor) throws(Violation) -> LossTerms {
    let terms = try rule(prediction, target)
    try require(
      terms.values.error != nil || terms.values.dtype.isFloating,
      "the terms must be floating, not \(terms.values.dtype)")
    return terms
  }

  private func operands(
    _ prediction: Tensor, _ target: Tensor, _ weights: Tensor?
  ) -> [(name: String, tensor: Tensor)] {
    [("prediction", prediction), ("target", target)] + (weights.map { [("weights", $0)] } ?? [])
  }

  public var description: String { name }
}
