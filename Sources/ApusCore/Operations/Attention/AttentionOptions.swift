/// What scaled dot-product attention and its gradient share.
package struct AttentionOptions: Sendable, Hashable, CustomStringConvertible {
  /// Factor of the scores.
  package let scale: Double
  /// Where set, query `i` sees keys `0...i + causalOffset` alone.
  package let causalOffset: Int?
  /// The share of the weights that is dropped; with a rate the last operand is a random key.
  package let dropoutRate: Double
  /// Whether the operand after the values is a mask.
  package let hasMask: Bool

  package var description: String {
    "scale: \(scale)" + (causalOffset.map { ", causal: \($0)" } ?? "")
      + (dropoutRate > 0 ? ", dropout: \(dropoutRate)" : "")
  }

  /// The sizes of one call: batch, heads, heads of keys, queries, keys, widths of keys and values.
  package struct Sizes {
    package let batch, heads, groups, queries, keys, width, valueWidth: Int
  }

  /// Checks `q[N, T, H, D], k[N, S, G, D], v[N, S, G, E]`, the mask and the key.
  package func sizes(_ operands: [TensorType]) throws(Violation) -> Sizes {
    let (q, k, v) = (operands[0], operands[1], operands[2])
    for (name, x) in [("queries", q), ("keys", k), ("values", v)] {
      try require(x.rank == 4, "\(name) must be [batch, time, heads, width], not \(x.shape)")
      try require(x.dtype.isFloating, "\(name) must be floating, not \(x.dtype)")
      try require(x.dtype == q.dtype, "dtypes differ: queries \(q.dtype), \(name) \(x.dtype)")
      try require(x[0] == q[0], "batches differ: queries have \(q[0]), \(name) \(x[0])")
    }
    try require(k[1] == v[1], "lengths differ: keys have \(k[1]), values \(v[1])")
    try require(k[2] == v[2], "heads differ: keys have \(k[2]), values \(v[2])")
    try require(q[3] == k[3], "widths differ: queries have \(q[3]), keys \(k[3])")
    try require(q[3] > 0, "heads have no width")
    try require(k[1] > 0, "there are no keys")
    try require(
      q[2] > 0 && k[2] > 0 && q[2] % k[2] == 0,
      "\(k[2]) heads of keys do not divide \(q[2]) heads of queries")
    try require(scale.isFinite, "scale \(scale) is not finite")
    try require(
      dropoutRate >= 0 && dropoutRate < 1, "dropout rate \(dropoutRate) is not in 0..<1")
    let sizes = Sizes(
      batch: q[0], heads: q[2], groups: k[2], queries: q[1], keys: k[1], width: q[3],
      valueWidth: v[3])
    if hasMask { try checkMask(operands[3], q.dtype, sizes) }
    if dropoutRate > 0, let key = operands.last { try requireKey(key) }
    return sizes
  }

  private func checkMask(
    _ mask: TensorType, _ dtype: DType, _ sizes: Sizes
  ) throws(Violation) {
    let full = [sizes.batch, sizes.heads, sizes.queries, sizes.keys]
    try require(
      mask.dtype == .bool || mask.dtype == dtype,
      "the mask must be bool or \(dtype), not \(mask.dtype)")
    try require(
      mask.rank == 4 && zip(mask.dims, full).allSatisfy { $0 == $1 || $0 == 1 },
      "the mask must be \(Shape(full)) with some axes 1, not \(mask.shape)")
  }

  /// Multiply-adds of `products` products of scores with the keys' width and as many with the
  /// values'.
  func multiplyAdds(_ operands: [TensorType], widths: Int, valueWidths: Int) -> Int {
    guard let sizes = try? sizes(operands) else { return 0 }
    let scores = Shape([sizes.batch, sizes.heads, sizes.queries, sizes.keys]).count
    let depth = sizes.width.timesClamped(widths)
      .plusClamped(sizes.valueWidth.timesClamped(valueWidths))
    return scores.timesClamped(depth)
  }
}

/// The intermediate values of attention in simple operations, heads before time: `[N, G, R, …]`
/// with `R = H / G` heads of queries to a head of keys.
struct AttentionScores {
  let sizes: AttentionOptions.Sizes
  let options: AttentionOptions
  let q, k, v: Tensor
  /// Scaled scores with an additive mask: `[N, G, R, T, S]`.
  let scores: Tensor
  /// Where a query sees a key, or `nil` for everywhere; broadcasts to the scores.
  let visible: Tensor?
  /// What remains of each weight under dropout: 0 or `1 / (1 − rate)`.
  let kept: Tensor?

  init?(_ options: AttentionOptions, _ operands: [Tensor]) {
    guard let sizes = try? options.sizes(operands.map(\.type)) else { return nil }
    (self.sizes, self.options) = (sizes, options)
    let shared = sizes.heads / sizes.groups
    func headsFirst(_ x: Tensor, _ heads: [Int]) -> Tensor {
      let turned = x.transposed(permutation: [0, 2, 1, 3])
      return turned.reshaped(to: Shape([x.shape[0]] + heads + [x.shape[1], x.shape[3]]))
    }
    q = headsFirst(operands[0], [sizes.groups, shared])
    k = headsFirst(operands[1], [sizes.groups, 1])
    v = headsFirst(operands[2], [sizes.groups, 1])
    let mask = options.hasMask ? Self.grouped(operands[3], sizes) : nil
    var scores = matmul(q, k.matrixTransposed()) * options.scale
    var visible = mask?.dtype == .bool ? mask : nil
    if let mask, mask.dtype != .bool { scores = scores + mask }
    if let offset = options.causalOffset {
      let shape: Shape = [sizes.queries, sizes.keys]
      let last = Tensor.iota(shape, axis: 0, dtype: .int64) + Tensor(integer: Int64(offset))
      let before = Tensor.iota(shape, axis: 1, dtype: .int64) .<= last
      visible = visible.map { $0 .& before } ?? before
    }
    self.scores = scores
    self.visible = visible
    if options.dropoutRate > 0, let key = operands.last {
      let all: Shape = [sizes.batch, sizes.heads, sizes.queries, sizes.keys]
      let keep = 1 - options.dropoutRate
      let kept = Tensor.bernoulli(keep, shape: all, key: RandomKey(key))
      self.kept = kept.converted(to: q.dtype).reshaped(to: scores.shape) * (1 / keep)
    } else {
      kept = nil
    }
  }

  /// A mask `[N, H, T, S]`, axes of 1 included, with heads split into groups.
  private static func grouped(_ mask: Tensor, _ sizes: AttentionOptions.Sizes) -> Tensor {
    let heads = mask.shape[1] == 1 ? [1, 1] : [sizes.groups, sizes.heads / sizes.groups]
    let dims = mask.shape.dims
    return mask.reshaped(to: Shape([dims[0]] + heads + [dims[2], dims[3]]))
  }

  /// `eˢ⁻ˢʰⁱᶠᵗ` where visible, else 0; the exponent is finite where the result is not used.
  func exponentials(_ shift: Tensor) -> Tensor {
    guard let visible else { return (scores - shift).exp() }
    let zero = Tensor(0, like: scores)
    return (scores - shift).where(visible, else: zero).exp().where(visible, else: zero)
  }

  /// `[N, G, R, T, X] → [N, T, H, X]`.
  func timeFirst(_ x: Tensor, _ heads: Int) -> Tensor {
    let shape: Shape = [sizes.batch, heads, x.shape[-2], x.shape[-1]]
    return x.reshaped(to: shape).transposed(permutation: [0, 2, 1, 3])
  }

  /// `[N, H, T] → [N, G, R, T, 1]`.
  func column(_ rows: Tensor) -> Tensor {
    rows.reshaped(
      to: [sizes.batch, sizes.groups, sizes.heads / sizes.groups, sizes.queries, 1])
  }
}
