import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let containers: [VocabularyRow] = [
    .init(
      .layer, "Sequential",
      proofs: [
        .goldens("linear_layers", op: "sequential") { golden in
          let model = Sequential {
            Dense(5, activation: .tanh)
            Dense(2)
          }
          try checkLayer(
            golden, model, variables: ["0.weight", "0.bias", "1.weight", "1.bias"])
        }
      ],
      abuse: {
        $0.layers("Sequential", sizes: { [Sequential([Dense(3), Dense($0)]), Sequential([])] })
      }),
    .init(
      .layer, "Branches",
      proofs: [
        .goldens("linear_layers", op: "branches") { golden in
          let model = Branches(merging: golden.merging) {
            Dense(3)
            Dense(3, activation: .tanh)
          }
          try checkLayer(golden, model, variables: ["0.weight", "0.bias", "1.weight", "1.bias"])
        }
      ],
      abuse: {
        $0.layers(
          "Branches",
          sizes: { size in
            [.sum, .mean, .product, .maximum, .concatenation(axis: size)].map { merging in
              Branches([Identity(), Dense(size)], merging: merging)
            } + [Branches([])]
          })
      }),
    .init(
      .layer, "Residual",
      proofs: [
        .goldens("linear_layers", op: "residual") { golden in
          let (width, merging) = (golden.outputs[0].shape.last ?? 0, golden.merging)
          let isJoined = golden.word("merging") == "concatenation"
          if golden.truth("shortcut") {
            let body = Residual(
              Dense(3), shortcut: Dense(3), merging: merging, activation: .relu)
            try checkLayer(
              golden, body,
              variables: ["body.weight", "body.bias", "shortcut.weight", "shortcut.bias"])
            return
          }
          let body = Residual(merging: merging, activation: .relu) {
            Dense(isJoined ? width / 2 : width)
          }
          try checkLayer(golden, body, variables: ["body.0.weight", "body.0.bias"])
        }
      ],
      abuse: {
        $0.layers(
          "Residual",
          sizes: {
            [
              Residual(Dense($0)), Residual(Identity(), shortcut: Dense($0)),
              Residual(Dense(2), merging: .concatenation(axis: $0)),
            ]
          })
      }),
    .init(
      .layer, "DualPath",
      proofs: [
        .goldens("linear_layers", op: "dualPath") { golden in
          let residual = golden.int("residual")
          let body = DualPath(residual: residual, Dense(residual + golden.int("growth")))
          try checkLayer(golden, body, variables: ["body.weight", "body.bias"])
        }
      ],
      abuse: {
        $0.layers(
          "DualPath",
          sizes: {
            [
              DualPath(residual: $0, Dense(4)), DualPath(residual: 2, Dense($0)),
              DualPath(residual: $0, Identity(), shortcut: Dense(2), layout: .channelsFirst),
            ]
          })
      }),
    .init(
      .layer, "ChannelSplit",
      proofs: [
        .goldens("linear_layers", op: "channelSplit") { golden in
          let (left, all) = (golden.int("left"), golden.inputs[0].shape.last ?? 0)
          let split = ChannelSplit([Identity(), Dense(2)], sizes: [left, all - left])
          try checkLayer(golden, split, variables: ["1.weight", "1.bias"])
          guard left * 2 == all else { return }
          try checkLayer(
            golden, ChannelSplit([Identity(), Dense(2)]), variables: ["1.weight", "1.bias"])
        }
      ],
      abuse: {
        $0.layers(
          "ChannelSplit",
          sizes: {
            [
              ChannelSplit([Identity(), Dense(2)], sizes: [$0, 1]), ChannelSplit([]),
              ChannelSplit([Identity(), Dense($0)], layout: .channelsFirst),
              ChannelSplit([Identity()], sizes: [$0, $0]),
            ]
          })
      }),
    .init(
      .layer, "Identity",
      proofs: [.goldens("activation", op: "linear") { try checkLayer($0, Identity()) }],
      abuse: { $0.layers("Identity", sizes: { [Sequential([Identity(), Dense($0)])] }) }),
    .init(
      .layer, "Lambda",
      proofs: [
        .goldens("activation", op: "tanh") { golden in
          try checkLayer(golden, Lambda("tanh") { $0.tanh() })
        }
      ],
      abuse: {
        $0.layers("Lambda", sizes: { size in [Lambda { $0.reshaped(to: [size, 2]) }] })
      }),
  ]
}

extension GoldenCase {
  /// The way of merging named by the case.
  fileprivate var merging: Merging {
    switch word("merging") {
    case "sum": .sum
    case "mean": .mean
    case "product": .product
    case "maximum": .maximum
    default: .concatenation()
    }
  }
}
