import ApusCore

extension OperationExample {
  /// Two heads of queries share one of keys; a learned mask, and one that hides.
  static let attention: [OperationExample] = [
    .init(
      "ScaledDotProductAttention", [[2, 3, 4, 2], [2, 5, 2, 2], [2, 5, 2, 3], [1, 4, 3, 5]]
    ) { scaledDotProductAttention($0[0], $0[1], $0[2], mask: $0[3]).square() },
    .init("ScaledDotProductAttentionGradient", [[1, 3, 2, 2], [1, 4, 1, 2], [1, 4, 1, 3]]) { x in
      ApusCore.gradient(at: x[0]) {
        scaledDotProductAttention(
          $0, x[1] * x[0].sum(), x[2], mask: hiding, isCausal: true, queryOffset: 1,
          dropoutRate: 0.3, key: RandomKey(seed: 5)
        ).square().sum()
      }
    },
  ]

  private static let hiding = Tensor([1, 0, 1, 1] as [Double], shape: [1, 1, 1, 4]) .> 0
}
