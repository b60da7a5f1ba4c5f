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
