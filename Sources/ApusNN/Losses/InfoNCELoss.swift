import ApusCore

/// Picks for each query its own key among those of the batch, by the cosine.
///
///     -log(e^(cos(qᵢ, kᵢ)/τ) / Σⱼ e^(cos(qᵢ, kⱼ)/τ))
///
/// - Shape: `queries[N, D], keys[N, D] →` scalar; terms `[N]`.
/// - Source: van den Oord et al. 2018, equation 4; Radford et al. 2021 (`isSymmetric`).
public struct InfoNCELoss: Sendable, Hashable {
  /// The temperature `τ`.
  public var temperature: Double
  /// Whether keys pick their queries too; the loss is the mean of both.
  public var isSymmetric: Bool
  public var reduction: Reduction

  public init(
    temperature: Double = 0.1, isSymmetric: Bool = false, reduction: Reduction = .mean
  ) {
    self.temperature = temperature
    self.isSymmetric = isSymmetric
    self.reduction = reduction
  }

  /// Returns the loss of a batch; row `i` of the keys belongs to row `i` of the queries.
  public func callAsFunction(
    queries: Tensor, keys: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("queries", queries), ("keys", keys)]
    return lossValue("InfoNCELoss", operands, file, line) { () throws(Violation) in
      try requireSame(queries, "queries", keys, "keys")
      try require(queries.rank == 2, "vectors are [N, D], not \(queries.shape)")
      try requirePositive("temperature", temperature)
      let count = queries.shape[0]
      if count == 0 {
        return try LossTerms(queries.sum(axes: [-1])).reduced(reduction, weights: nil)
      }
      let (q, k) = (queries.widened.withUnitRows(), keys.widened.withUnitRows())
      let logits = matmul(q, k.transposed(permutation: [1, 0])) / temperature
      let labels = Tensor.range(count)
      var terms = softmaxCrossEntropy(logits: logits, labels: labels)
      if isSymmetric {
        terms =
          (terms
            + softmaxCrossEntropy(logits: logits.transposed(permutation: [1, 0]), labels: labels))
          * 0.5
      }
      return try LossTerms(terms).reduced(reduction, weights: nil).converted(to: queries.dtype)
    }
  }
}
