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
  attention(
    queries, keys, values, mask: mask, isCausal: isCausal, queryOffset: queryOffset, scale: scale,
    dropoutRate: dropoutRate, key: key, at: CallSite(file: file, line: line)
  ) { call, _ in call[0] }
}

/// Returns the weights that attention averages values with, without dropout.
///
/// An array of all scores: to look at, not to compute with.
/// - Shape: `q[N, T, H, D], k[N, S, G, D] → w[N, H, T, S]`; rows add up to 1, or to 0 where a query sees
///   no key.
public func attentionWeights(
  _ queries: Tensor, _ keys: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
  queryOffset: Int = 0, scale: Double? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  attention(
    queries, keys, keys, mask: mask, isCausal: isCausal, queryOffset: queryOffset, scale: scale,
    dropoutRate: 0, key: nil, at: CallSite(file: file, line: line)
  ) { call, operation in
    guard let parts = AttentionScores(operation.options, call[0].node.operands) else {
      return call[0]
    }
    let lse = parts.column(call[1])
    let weights = parts.exponentials(Tensor(0, like: lse).where(lse .== -.infinity, else: lse))
    let sizes = parts.sizes
    return weights.reshaped(to: [sizes.batch, sizes.heads, sizes.queries, sizes.keys])
  }
}

/// Records attention and returns what `result` makes of its results.
private func attention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor?, isCausal: Bool,
  queryOffset: Int, scale: Double?, dropoutRate: Double, key: RandomKey?, at site: CallSite,
  _ result: ([Tensor], ScaledDotProductAttention) -> Tensor
) -> Tensor {
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
    let operation = ScaledDotProductAttention(options)
    let call = record(operation, operands, results: 2, at: site)
    return call[0].error == nil ? result(call, operation) : call[0]
  }
}
