import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let sequences: [VocabularyRow] = recurrentAttention + recurrentDecoders

  static let recurrentAttention: [VocabularyRow] = [
    VocabularyRow(
      .layer, "AdditiveAttention",
      proofs: [
        .goldens("recurrentAttention", op: "additive") { golden in
          let attention = AdditiveAttention(
            golden.int("units"), useBias: golden.truth("bias"))
          var variables = ["query.weight", "key.weight", "score.weight"]
          if golden.truth("bias") { variables.append("bias") }
          try checkAttention(golden, attention, variables)
        }
      ],
      abuse: { bad in
        abuseAttention(&bad, "AdditiveAttention") { AdditiveAttention(3) }
        abuseSizes(&bad, "AdditiveAttention") { [AdditiveAttention($0, useBias: true)] }
      }),
    VocabularyRow(
      .layer, "DotAttention",
      proofs: [
        .goldens("recurrentAttention", op: "dot") { golden in
          try checkAttention(golden, DotAttention(isScaled: golden.truth("scaled")), [])
        },
        .goldens("recurrentAttention", op: "general") { golden in
          let features = golden.inputs[0].shape.last ?? 0
          let attention = DotAttention(
            .general(queryFeatures: features), isScaled: golden.truth("scaled"))
          try checkAttention(golden, attention, ["weight"])
        },
        .goldens("recurrentAttention", op: "concat") { golden in
          let names = ["query.weight", "key.weight", "score.weight"].map { "additive." + $0 }
          try checkAttention(golden, DotAttention(.concat(units: golden.int("units"))), names)
        },
      ],
      abuse: { bad in
        let scores: [DotAttention.Score] = [.dot, .general(queryFeatures: 4), .concat(units: 3)]
        for score in scores {
          abuseAttention(&bad, "DotAttention(\(score))") { DotAttention(score) }
        }
        abuseSizes(&bad, "DotAttention") { size in
          [false, true].flatMap { isScaled in
            [
              DotAttention(.general(queryFeatures: size), isScaled: isScaled),
              DotAttention(.concat(units: size), isScaled: isScaled),
            ]
          }
        }
      }),
  ]

  private static func checkAttention(
    _ golden: GoldenCase, _ attention: any RecurrentAttention, _ variables: [String]
  ) throws {
    try checkModule(golden, attention, variables: variables) { data, context in
      let mask = golden.truth("masked") ? data[2] .!= 0 : nil
      let memory = attention.memory(of: data[1], mask: mask, context)
      let (found, weights) = attention(data[0], memory, context)
      return [found, weights]
    }
  }

  /// Calls attentions of sizes at the edges of what fits.
  private static func abuseSizes(
    _ bad: inout BadInput, _ name: String, _ make: (Int) -> [any RecurrentAttention]
  ) {
    for size in BadInput.sizes {
      for shape in [[2, 3, 4], [2, 0, 4], [2, 3, 0], [0, 3, 4]] as [Shape] {
        bad.call("\(name)(\(size)) \(shape)", named: false) { _ in
          make(size).map { attention in
            let values = BadInput.filled(shape)
            return attention(values, attention.memory(of: values)).context
          }
        }
      }
    }
  }

  /// Calls an attention, new each time, with every pair and triple of wrong operands.
  private static func abuseAttention(
    _ bad: inout BadInput, _ name: String, _ make: () -> any RecurrentAttention
  ) {
    let good = BadInput.filled([2, 3, 4])
    let operands =
      BadInput.few + [.init("good", good), .init("f64", good.converted(to: .float64))]
    let masks = [
      good .> 0, Tensor.zeros([2, 3], dtype: .bool), Tensor.zeros([2, 3]),
      Tensor.zeros([3, 2], dtype: .bool), BadInput.failed.tensor,
    ]
    for x in operands {
      for (index, mask) in masks.enumerated() where x.tensor.error == nil {
        bad.call("\(name) mask \(index)", [x], named: false) {
          let attention = make()
          return [attention(good, attention.memory(of: $0[0], mask: mask)).context]
        }
      }
      for y in operands {
        bad.call("\(name)", [x, y], named: false) {
          let attention = make()
          let result = attention($0[0], attention.memory(of: $0[1]))
          return [result.context, result.weights]
        }
        bad.call("\(name) keys", [x, y], named: false) {
          let attention = make()
          let memory = AttentionMemory(keys: $0[0], values: $0[1])
          return [attention(good, memory).context, attention(good[0], memory).context]
        }
      }
    }
  }
}
