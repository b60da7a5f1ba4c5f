import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let shaping: [VocabularyRow] = [
    row("Flatten", axes: BadInput.axes) {
      Flatten(from: $0.int("start"), through: $0.int("end"))
    } sizes: { size in
      [
        ("plain", Flatten()), ("from", Flatten(from: size)), ("through", Flatten(through: size)),
        ("both", Flatten(from: size, through: size)),
      ]
    },
    row("Reshape", axes: BadInput.sizes) {
      Reshape($0.ints("shape"))
    } sizes: { size in
      [
        ("one", Reshape(size)), ("two", Reshape(size, size)), ("rest", Reshape(size, -1)),
        ("none", Reshape([])), ("many", Reshape(Array(repeating: 1, count: 9) + [size])),
      ]
    },
    row("Permute", axes: BadInput.axes) {
      Permute($0.ints("order"))
    } sizes: { size in
      [
        ("two", Permute(0, size)), ("four", Permute(0, 2, size, 1)), ("none", Permute([])),
        ("twice", Permute(size, size)),
      ]
    },
    row("Squeeze", axes: BadInput.axes) {
      Squeeze($0.ints("axes"))
    } sizes: { size in
      [("all", Squeeze()), ("one", Squeeze([size])), ("twice", Squeeze([size, size]))]
    },
    row("Unsqueeze", axes: BadInput.axes) {
      Unsqueeze($0.int("axis"))
    } sizes: {
      [("axis", Unsqueeze($0))]
    },
  ]

  private static func row(
    _ name: String, axes: [Int], _ make: @escaping @Sendable (GoldenCase) -> any Layer,
    sizes: @escaping @Sendable (Int) -> [(String, any Layer)]
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [.goldens("shapingLayers", op: name) { try checkLayer($0, make($0)) }]
    ) { bad in
      bad.abuse(sizes: axes, inputs: BadInput.operands, sizes)
    }
  }
}
