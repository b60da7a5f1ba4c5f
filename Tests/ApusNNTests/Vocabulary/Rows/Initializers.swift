import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let initializers: [VocabularyRow] = fixedInitializers + drawnInitializers + fanInitializers

  private static func row(
    _ name: String, _ source: String, _ make: @escaping @Sendable (Double) -> [Initializer],
    proof: @escaping @Sendable () throws -> Void
  ) -> VocabularyRow {
    VocabularyRow(.initializer, name, proofs: [.formula(source, proof)]) { bad in
      let shapes: [Shape] = [
        [], [0], [3], [2, 0], [2, 3], [.max], [-1], [4, 4, 3], [1 << 40, 1 << 40], [.min, .max],
        [2, 2, 2, 2, 2, 2, 2, 2], [1 << 20, 1 << 20],
      ]
      for number in BadInput.numbers {
        for initializer in make(number) {
          for shape in shapes {
            for dtype in [DType.float32, .bfloat16, .int32, .bool] {
              bad.call("\(initializer) \(dtype)\(shape)", named: false) { _ in
                [initializer.values(TensorType(dtype, shape), seed: .max, path: "")]
              }
            }
          }
        }
      }
    }
  }

  private static let fixedInitializers: [VocabularyRow] = [
    row("zeros", "zero everywhere", { _ in [.zeros] }) {
      try expectClose(
        Initializer.zeros.values(TensorType(.float32, [2, 2]), seed: 1, path: ""), [0, 0, 0, 0])
    },
    row("ones", "one everywhere", { _ in [.ones] }) {
      try expectClose(
        Initializer.ones.values(TensorType(.int32, [3]), seed: 1, path: ""), [1, 1, 1])
    },
    row("constant", "one value everywhere", { [.constant($0)] }) {
      let type = TensorType(.float64, [3])
      try expectClose(
        Initializer.constant(-2.5).values(type, seed: 1, path: ""), [-2.5, -2.5, -2.5])
    },
    row("identity", "torch.nn.init.eye_", { [.identity(gain: $0)] }) {
      try expectClose(
        Initializer.identity().values(TensorType(.float64, [3, 2]), seed: 1, path: ""),
        [1, 0, 0, 1, 0, 0])
    },
    row("dirac", "torch.nn.init.dirac_", { _ in BadInput.sizes.map { .dirac(groups: $0) } }) {
      // Two groups of outputs, windows of an even and an odd length.
      try expectClose(
        Initializer.dirac(groups: 2).values(TensorType(.float64, [4, 1, 3]), seed: 1, path: ""),
        [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
      try expectClose(
        Initializer.dirac().values(TensorType(.float64, [2, 2, 2]), seed: 1, path: ""),
        [0, 1, 0, 0, 0, 0, 0, 1])
    },
  ]

  private static let drawnInitializers: [VocabularyRow] = [
    row("normal", "moments, shares", { [.normal(mean: $0), .normal(deviation: $0)] }) {
      try checkDistribution(of: .normal(deviation: 0.3), .normal(0.3))
      try checkDistribution(of: .normal(mean: -2, deviation: 0.5), .normal(mean: -2, 0.5))
    },
    row(
      "uniform", "moments, bounds, shares",
      { $0.isNaN ? [] : [.uniform(min($0, 1)...max($0, 1)), .uniform(-abs($0)...abs($0))] }
    ) {
      try checkDistribution(of: .uniform(), .uniform(-0.05...0.05))
      try checkDistribution(of: .uniform(2...5), .uniform(2...5))
    },
    row(
      "truncatedNormal", "moments of the truncated distribution, bounds, shares",
      {
        [.truncatedNormal(mean: $0), .truncatedNormal(deviation: $0), .truncatedNormal(limit: $0)]
      }
    ) {
      try checkDistribution(
        of: .truncatedNormal(deviation: 0.2), .truncatedNormal(0.2, limit: 2))
      try checkDistribution(
        of: .truncatedNormal(mean: 1, deviation: 0.5, limit: 1),
        .truncatedNormal(mean: 1, 0.5, limit: 1))
    },
    row("orthogonal", "QᵀQ = gain²·1", { [.orthogonal(gain: $0)] }) {
      try checkOrthogonal([24, 32], gain: 1)
      try checkOrthogonal([32, 24], gain: 0.5)
      try checkOrthogonal([16, 4, 3, 3], gain: 1)
    },
    row(
      "sparse", "torch.nn.init.sparse_: zeros are counted",
      { [.sparse(share: $0), .sparse(share: 0.5, deviation: $0)] }
    ) {
      for (share, count) in [(0, 0.0), (0.1, 1.0), (0.5, 5.0), (0.51, 6.0), (1, 10.0)] {
        let type = TensorType(.float64, [10, 4])
        let values = Initializer.sparse(share: share, deviation: 1).values(type, seed: 1, path: "")
        let zeros = (values .== 0).converted(to: .float64).sum(axes: [0])
        try expectClose(zeros, Array(repeating: count, count: 4))
      }
    },
  ]
}
