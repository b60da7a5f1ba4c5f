import ApusCore

/// Attention by products of query and key.
///
///     dot:      score(q, k) = q · k
///     general:  score(q, k) = q · (weight · k)
///     concat:   score(q, k) = score.weight · tanh(query.weight · q + key.weight · k)
///
/// `concat` is the paper's `v · tanh(W[q; k])` with `W` split in two. Scaled, the score of `dot` and
/// `general` is divided by `√Q`.
///
/// - Shape: `query[N, Q], values[N, S, D] → context[N, D], weights[N, S]`; several queries at once as
///   `[N, T, Q] → [N, T, D], [N, T, S]`. `dot` needs `Q = D`.
/// - Parameters held: none for `dot`; `weight [Q, D]` for `general`; those of ``AdditiveAttention``,
///   without bias, under `additive`, for `concat`.
/// - Source: Luong, Pham, Manning 2015, "Effective approaches to attention-based neural machine
///   translation", section 3.1; Vaswani et al. 2017 (scale).
public final class DotAttention: Module, RecurrentAttention, CustomStringConvertible {
  /// How a query and a key are compared.
  public enum Score: Sendable, Hashable {
    case dot
    /// By a matrix for queries of so many features.
    case general(queryFeatures: Int)
    /// By a network of so many hidden units.
    case concat(units: Int)
  }

  public let score: Score
  public let isScaled: Bool
  public let weight: Parameter?
  public let additive: AdditiveAttention?

  public init(
    _ score: Score = .dot, isScaled: Bool = false, weight: Initializer = .glorotUniform
  ) {
    self.score = score
    self.isScaled = isScaled
    switch score {
    case .dot: (self.weight, additive) = (nil, nil)
    case .general: (self.weight, additive) = (Parameter(weight), nil)
    case .concat(let units):
      (self.weight, additive) = (nil, AdditiveAttention(units, weight: weight))
    }
  }

  public func build(values: TensorType) throws(Violation) {
    if let additive {
      try require(!isScaled, "the score concat is not a product: it has no scale")
      return try additive.build(values: values)
    }
    guard case .general(let features) = score, let weight else { return }
    try require(features > 0, "\(features) query features are not a positive number")
    try requireFeatures(values, weight, "values")
    try weight.allocate(values.dtype, [features, values[-1]])
  }

  public func build(query x: TensorType, memory: AttentionMemory) throws(Violation) {
    if let additive { return try additive.build(query: x, memory: memory) }
    try require(
      x[-1] == memory.keys.shape[2],
      "the query has \(x[-1]) features, the keys \(memory.keys.shape[2])")
  }

  public func keys(for values: Tensor) -> Tensor {
    if let additive { return additive.keys(for: values) }
    guard let weight else { return values }
    let at = CallSite.ofLayer
    return matmul(values, weight.value.matrixTransposed(), file: at.file, line: at.line)
  }

  public func scores(_ x: Tensor, _ keys: Tensor) -> Tensor {
    if let additive { return additive.scores(x, keys) }
    let query = isScaled ? x / Double(max(x.shape[2], 1)).squareRoot() : x
    return matmul(query, keys.matrixTransposed())
  }

  public var description: String { "DotAttention(\(score)\(isScaled ? ", scaled" : ""))" }
}
