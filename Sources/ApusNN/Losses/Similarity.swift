import ApusCore

/// Returns the cosine of the angle between vectors in the last axis.
///
///     Σ a·b / (max(‖a‖, 10⁻⁸)·max(‖b‖, 10⁻⁸))
///
/// The small number makes the cosine of a zero vector 0, with a finite gradient.
/// - Shape: `a[N…, D], b[N…, D] → y[N…]`; floating dtypes.
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue("cosineSimilarity", [("a", a), ("b", b)], file, line) { () throws(Violation) in
    try requireSame(a, "a", b, "b")
    return try cosine(a, b) { $0.limitedBelow }
  }
}

extension Loss {
  /// `mean(1 - cos(prediction, target))`, the angle between vectors in the last axis.
  ///
  /// - Shape: `prediction[N…, D], target[N…, D] →` scalar; terms `[N…]`.
  public static let cosineDistance = Loss("cosineDistance") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return 1 - (try cosine(prediction, target) { $0.limitedBelow })
  }
}

/// The cosine, whose squared lengths are kept from 0 by `guarded`.
private func cosine(
  _ a: Tensor, _ b: Tensor, _ guarded: (Tensor) -> Tensor
) throws(Violation) -> Tensor {
  try require(a.rank > 0, "vectors need a last axis, they are scalars")
  let (x, y) = (a.widened, b.widened)
  let product = (x * y).sum(axes: [-1])
  let (first, second) = (x.square().sum(axes: [-1]), y.square().sum(axes: [-1]))
  return (product * guarded(first).rsqrt() * guarded(second).rsqrt()).converted(to: a.dtype)
}

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

/// Wants an anchor nearer to a positive than to a negative example, by a margin.
///
///     max(0, d(anchor, positive) - d(anchor, negative) + margin),  d(a, b) = ‖a - b + ε‖ₚ
///
/// - Shape: `anchor[N…, D], positive[N…, D], negative[N…, D] →` scalar; terms `[N…]`.
/// - Source: Schroff et al. 2015 (squared distances there); Balntas et al. 2016 (`swapsAnchor`);
///   PyTorch's `TripletMarginLoss`.
public struct TripletMarginLoss: Sendable, Hashable {
  public var margin: Double
  /// The order `p` of the norm, positive.
  public var order: Double
  /// Whether the negative's distance is the smaller of those to anchor and positive.
  public var swapsAnchor: Bool
  /// The small number `ε` added to differences, which keeps gradients of equal vectors finite.
  public var epsilon: Double
  public var reduction: Reduction

  public init(
    margin: Double = 1, order: Double = 2, swapsAnchor: Bool = false, epsilon: Double = 1e-6,
    reduction: Reduction = .mean
  ) {
    self.margin = margin
    self.order = order
    self.swapsAnchor = swapsAnchor
    self.epsilon = epsilon
    self.reduction = reduction
  }

  /// Returns the loss of a batch.
  public func callAsFunction(
    anchor: Tensor, positive: Tensor, negative: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("anchor", anchor), ("positive", positive), ("negative", negative)]
    return lossValue("TripletMarginLoss", operands, file, line) { () throws(Violation) in
      try requireSame(anchor, "anchor", positive, "positive")
      try requireSame(anchor, "anchor", negative, "negative")
      try require(anchor.rank > 0, "vectors need a last axis, they are scalars")
      try requirePositive("margin", margin)
      try requirePositive("order", order)
      try requireNotNegative("epsilon", epsilon)
      func distance(_ a: Tensor, _ b: Tensor) -> Tensor {
        (a - b + epsilon).norm(order, axes: [-1])
      }
      let near = distance(anchor, positive)
      var far = distance(anchor, negative)
      if swapsAnchor { far = minimum(far, distance(positive, negative)) }
      return try LossTerms((near - far + margin).relu()).reduced(reduction, weights: nil)
    }
  }
}

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
      let (q, k) = (queries.withUnitRows(), keys.withUnitRows())
      let logits = matmul(q, k.transposed(permutation: [1, 0])) / temperature
      let labels = Tensor.range(count)
      var terms = softmaxCrossEntropy(logits: logits, labels: labels)
      if isSymmetric {
        terms =
          (terms
            + softmaxCrossEntropy(logits: logits.transposed(permutation: [1, 0]), labels: labels))
          * 0.5
      }
      return try LossTerms(terms).reduced(reduction, weights: nil)
    }
  }
}

extension Tensor {
  /// Squared lengths of 10⁻¹⁶ or more.
  fileprivate var limitedBelow: Tensor { maximum(self, Tensor(1e-16, like: self)) }

  /// Rows of length 1, as ``cosineSimilarity(_:_:file:line:)`` takes them.
  fileprivate func withUnitRows() -> Tensor {
    self * square().sum(axes: [-1], keepingAxes: true).limitedBelow.rsqrt()
  }
}
