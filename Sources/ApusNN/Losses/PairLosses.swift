import ApusCore

/// Draws pairs that belong together to the same direction and pushes others apart.
///
///     1 - cos(a, b)              where the pair is similar
///     max(0, cos(a, b) - margin) elsewhere
///
/// The cosine has 10⁻¹² added to each squared length.
/// - Shape: `a[N…, D], b[N…, D], isSimilar[N…] →` scalar; terms `[N…]`.
/// - Source: PyTorch's `CosineEmbeddingLoss` (labels 1 and -1 there are similar and not here).
public struct CosineEmbeddingLoss: Sendable, Hashable {
  /// The cosine below which a dissimilar pair costs nothing, -1…1.
  public var margin: Double
  public var reduction: Reduction

  public init(margin: Double = 0, reduction: Reduction = .mean) {
    self.margin = margin
    self.reduction = reduction
  }

  /// Returns the loss of a batch; `isSimilar` is `bool`, or 0 and 1 in the vectors' dtype.
  public func callAsFunction(
    _ a: Tensor, _ b: Tensor, isSimilar: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("a", a), ("b", b), ("isSimilar", isSimilar)]
    return lossValue("CosineEmbeddingLoss", operands, file, line) { () throws(Violation) in
      try requireSame(a, "a", b, "b")
      try requireSetting("margin", margin, in: -1...1)
      let cos = try cosine(a, b) { $0 + 1e-12 }
      let similar = try pairLabels(isSimilar, like: cos)
      let terms = similar * (1 - cos) + (1 - similar) * (cos - margin).relu()
      return try LossTerms(terms).reduced(reduction, weights: nil)
    }
  }
}

/// Draws pairs that belong together near each other and pushes others a margin apart.
///
///     ½·D²                  where the pair is similar, with D = ‖a - b‖
///     ½·max(0, margin - D)² elsewhere
///
/// - Shape: `a[N…, D], b[N…, D], isSimilar[N…] →` scalar; terms `[N…]`.
/// - Source: Hadsell, Chopra and LeCun 2006, equation 4.
public struct ContrastiveLoss: Sendable, Hashable {
  /// The distance beyond which a dissimilar pair costs nothing.
  public var margin: Double
  public var reduction: Reduction

  public init(margin: Double = 1, reduction: Reduction = .mean) {
    self.margin = margin
    self.reduction = reduction
  }

  /// Returns the loss of a batch; `isSimilar` is `bool`, or 0 and 1 in the vectors' dtype.
  public func callAsFunction(
    _ a: Tensor, _ b: Tensor, isSimilar: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("a", a), ("b", b), ("isSimilar", isSimilar)]
    return lossValue("ContrastiveLoss", operands, file, line) { () throws(Violation) in
      try requireSame(a, "a", b, "b")
      try require(a.rank > 0, "vectors need a last axis, they are scalars")
      try requirePositive("margin", margin)
      let distance = (a - b).norm(axes: [-1])
      let similar = try pairLabels(isSimilar, like: distance)
      let apart = (margin - distance).relu().square()
      let terms = (similar * distance.square() + (1 - similar) * apart) * 0.5
      return try LossTerms(terms).reduced(reduction, weights: nil)
    }
  }
}

/// One truth for each pair, as 0 and 1.
private func pairLabels(_ labels: Tensor, like pairs: Tensor) throws(Violation) -> Tensor {
  try require(
    labels.dtype == .bool || labels.dtype == pairs.dtype,
    "isSimilar must be bool or \(pairs.dtype), not \(labels.dtype)")
  try require(
    labels.shape == pairs.shape,
    "pairs have shape \(pairs.shape), isSimilar is \(labels.shape)")
  return labels.converted(to: pairs.dtype)
}
