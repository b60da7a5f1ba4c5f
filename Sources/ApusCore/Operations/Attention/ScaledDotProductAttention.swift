/// Values averaged by how well their keys match a query:
/// `q[N, T, H, D], k[N, S, G, D], v[N, S, G, E], mask?, key? → y[N, T, H, E], logsumexp[N, H, T]`.
///
///     s = scale · q·kᵀ (+ mask),  y = softmax(s) · v
///
/// A query that sees no key gives zeros and a logsumexp of −∞.
/// - Gradient: by ``ScaledDotProductAttentionGradient``; of the decomposition where the logsumexp is
///   used otherwise.
/// - Source: Vaswani et al. 2017, eq. 1.
package struct ScaledDotProductAttention: Composite {
  package let options: AttentionOptions
  package var name: String { "scaledDotProductAttention" }
  package var attributes: String { "\(options)" }
  package var operandNames: [String] {
    ["queries", "keys", "values"] + (options.hasMask ? ["mask"] : []) + ["key"]
  }
  package var cpu: CPUKernel { .kernel }

  package init(_ options: AttentionOptions) { self.options = options }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let sizes = try options.sizes(operands)
    let q = operands[0]
    return [
      q.with(shape: [sizes.batch, sizes.queries, sizes.heads, sizes.valueWidth]),
      q.with(shape: [sizes.batch, sizes.heads, sizes.queries]),
    ]
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    options.multiplyAdds(operands, widths: 1, valueWidths: 1)
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    guard let parts = AttentionScores(options, operands) else { return operands }
    let scores = parts.scores
    let lowest = Tensor(-.infinity, like: scores)
    let shown = parts.visible.map { scores.where($0, else: lowest) } ?? scores
    let largest = shown.max(axes: [-1], keepingAxes: true).stoppingGradient()
    // Rows that see nothing: any finite number serves.
    let shift = Tensor(0, like: largest).where(largest .== -.infinity, else: largest)
    let e = parts.exponentials(shift)
    let sum = e.sum(axes: [-1], keepingAxes: true)
    let isEmpty = sum .== 0
    let divisor = Tensor(1, like: sum).where(isEmpty, else: sum)
    let weights = e / divisor
    let y = matmul(parts.kept.map { weights * $0 } ?? weights, parts.v)
    let lse = Tensor(-.infinity, like: sum).where(isEmpty, else: divisor.log() + shift)
    let rows: Shape = [parts.sizes.batch, parts.sizes.heads, parts.sizes.queries]
    return [parts.timeFirst(y, parts.sizes.heads), lse.reshaped(to: rows)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0], upstream[1] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let operands = Array(call.operands.prefix(3)) + [call.results[0], call.results[1], dy]
    let rest = Array(call.operands.dropFirst(3))
    let gradient = ScaledDotProductAttentionGradient(options)
    var results: [Tensor?] = record(gradient, operands + rest, results: 3)
    if options.hasMask {
      // Computed only where somebody asks for it: an array of all scores.
      let mask = call.operands[3]
      results.append(
        mask.dtype == .bool ? nil : gradient.scoreGradient(operands + rest)?.summed(to: mask.shape))
    }
    if options.dropoutRate > 0 { results.append(nil) }
    return results
  }
}

/// The gradient of attention: `q, k, v, y, logsumexp, dy, mask?, key? → dq, dk, dv`.
///
///     p = e^(s − lse),  ds = p∘(dy·vᵀ − Σ dy∘y),  dq = scale·ds·k,  dk = scale·dsᵀ·q,  dv = pᵀ·dy
///
/// - Source: Dao et al. 2022, "FlashAttention", algorithm 4: scores are made again, never kept.
package struct ScaledDotProductAttentionGradient: Composite {
  package let options: AttentionOptions
  package var name: String { "scaledDotProductAttentionGradient" }
  package var attributes: String { "\(options)" }
  package var operandNames: [String] {
    ["queries", "keys", "values", "y", "logsumexp", "dy"] + (options.hasMask ? ["mask"] : [])
      + ["key"]
  }
  package var cpu: CPUKernel { .kernel }

  package init(_ options: AttentionOptions) { self.options = options }

  /// The operands of the forward operation among these.
  package static func forwardOperands<T>(_ operands: [T]) -> [T] {
    Array(operands.prefix(3) + operands.dropFirst(6))
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let forward = ScaledDotProductAttention(options)
    let expected = try forward.resultTypes(Self.forwardOperands(operands))
    try require(
      operands[3] == expected[0] && operands[5] == expected[0],
      "y and dy must be \(expected[0]), not \(operands[3]) and \(operands[5])")
    try require(
      operands[4] == expected[1], "logsumexp must be \(expected[1]), not \(operands[4])")
    return Array(operands.prefix(3))
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    options.multiplyAdds(Self.forwardOperands(operands), widths: 3, valueWidths: 2)
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    guard let parts = AttentionScores(options, Self.forwardOperands(operands)) else {
      return operands
    }
    let (weights, ds, dy) = terms(parts, operands)
    let scaled = ds * options.scale
    let dq = matmul(scaled, parts.k)
    let dropped = parts.kept.map { weights * $0 } ?? weights
    func shared(_ x: Tensor) -> Tensor { x.sum(axes: [2], keepingAxes: true) }
    let dk = shared(matmul(scaled.matrixTransposed(), parts.q))
    let dv = shared(matmul(dropped.matrixTransposed(), dy))
    return [
      parts.timeFirst(dq, parts.sizes.heads), parts.timeFirst(dk, parts.sizes.groups),
      parts.timeFirst(dv, parts.sizes.groups),
    ]
  }

  /// The gradient of the scores `[N, H, T, S]`, which is that of an additive mask.
  func scoreGradient(_ operands: [Tensor]) -> Tensor? {
    guard let parts = AttentionScores(options, Self.forwardOperands(operands)) else { return nil }
    let sizes = parts.sizes
    return terms(parts, operands).ds
      .reshaped(to: [sizes.batch, sizes.heads, sizes.queries, sizes.keys])
  }

  /// The weights, the gradient of the scores before scaling, and dy with heads first.
  private func terms(
    _ parts: AttentionScores, _ operands: [Tensor]
  ) -> (weights: Tensor, ds: Tensor, dy: Tensor) {
    let sizes = parts.sizes
    let shape: Shape = [
      sizes.batch, sizes.groups, sizes.heads / sizes.groups, sizes.queries, sizes.valueWidth,
    ]
    let turned = [operands[3], operands[5]].map {
      $0.transposed(permutation: [0, 2, 1, 3]).reshaped(to: shape)
    }
    let (y, dy) = (turned[0], turned[1])
    let lse = parts.column(operands[4])
    let shift = Tensor(0, like: lse).where(lse .== -.infinity, else: lse)
    let weights = parts.exponentials(shift)
    let product = matmul(dy, parts.v.matrixTransposed())
    let dweights = parts.kept.map { product * $0 } ?? product
    let along = (dy * y).sum(axes: [-1], keepingAxes: true)
    return (weights, weights * (dweights - along), dy)
  }
}

/// Returns values averaged by how well their keys match each query.
///
///     s = scale · q·kᵀ (+ mask),  y = softmax(s) · v
///
/// Time comes before heads, as projections give them. Keys and values may have fewer heads than
/// queries: head `h` of the queries uses head `h / (H / G)` (grouped queries; one head: multi-query).
/// A query that sees no key gives zeros. (PyTorch gives NaN or zeros, depending on the kernel.)
///
/// - Shape: `q[N, T, H, D], k[N, S, G, D], v[N, S, G, E] → y[N, T, H, E]`, `G` dividing `H`.
/// - Parameters:
///   - mask: `[N, H, T, S]`, or `[T, S]`; axes may be 1. `bool`: where a query sees a key. Floating:
///     added to the scaled scores.
///   - isCausal: Whether query `i` sees keys `0...i + queryOffset` alone.
///   - queryOffset: The place of the first query among the keys.
///   - scale: `1 / √D` unless given.
///   - dropoutRate: The share of the weights set to zero, the rest being divided by what remains;
///     drawn from `key`, without which nothing is dropped.
/// - Gradient: with respect to `q`, `k`, `v` and a floating mask.
/// - Source: Vaswani et al. 2017, eq. 1; Shazeer 2019; Ainslie et al. 2023.
public func scaledDotProductAttention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil,
  isCausal: Bool = false, queryOffset: Int = 0, scale: Double? = nil, dropoutRate: Double = 0,
  key: RandomKey? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let dropping = dropoutRate == 0 ? nil : key?.tensor
  let given = [queries, keys, values] + [mask, dropping].compactMap { $0 }
  return attempt("scaledDotProductAttention", given, at: site) { () throws(Violation) in
    try require(
      dropoutRate >= 0 && dropoutRate < 1, "dropout rate \(dropoutRate) is not in 0..<1")
    let width = Double(queries.rank == 4 ? max(queries.shape[3], 1) : 1)
    // Beyond all keys on either side an offset says no more.
    let offset = max(-queries.shape[1], min(queryOffset, keys.shape[1]))
    let options = AttentionOptions(
      scale: scale ?? 1 / width.squareRoot(), causalOffset: isCausal ? offset : nil,
      dropoutRate: dropping == nil ? 0 : dropoutRate, hasMask: mask != nil)
    var operands = [queries, keys, values]
    if let mask {
      operands.append(
        mask.rank == 2 ? mask.reshaped(to: Shape([1, 1] + mask.shape.dims)) : mask)
    }
    if let dropping { operands.append(dropping) }
    return record(ScaledDotProductAttention(options), operands, results: 2, at: site)[0]
  }
}
