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
