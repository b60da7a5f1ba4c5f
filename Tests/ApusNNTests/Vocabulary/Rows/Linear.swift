import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let linear: [VocabularyRow] = denseRows + gatedRows

  private static let denseRows: [VocabularyRow] = [
    .init(
      .layer, "Dense",
      proofs: [
        .goldens("linear_layers", op: "dense") { golden in
          let bias = golden.truth("bias")
          let layer = Dense(
            golden.int("units"), activation: try golden.activation(), useBias: bias)
          try checkLayer(
            golden, layer, variables: ["weight"] + (bias ? ["bias"] : []),
            batchAxis: golden.hasBatchAxis ? 0 : nil)
        }
      ],
      abuse: { $0.layers("Dense", sizes: { [Dense($0), Dense(2, inputs: $0)] }) }),
    .init(
      .layer, "TiedDense",
      proofs: [
        .goldens("linear_layers", op: "tied") { golden in
          let encoder = Dense(golden.int("units"), activation: .tanh)
          let model = Sequential([encoder, TiedDense(encoder, activation: .sigmoid)])
          try checkLayer(golden, model, variables: ["0.weight", "0.bias", "1.bias"])
          #expect(model.parameters.count == 3)
        }
      ],
      abuse: {
        $0.layers(
          "TiedDense",
          sizes: {
            let encoder = Dense($0, inputs: 3)
            return [TiedDense(encoder), Sequential([encoder, TiedDense(encoder)])]
          })
      }),
    .init(
      .layer, "Bilinear",
      proofs: [
        .goldens("linear_layers", op: "bilinear") { golden in
          let bias = golden.truth("bias")
          let layer = Bilinear(golden.int("units"), useBias: bias)
          try checkModule(
            golden, layer, variables: ["weight"] + (bias ? ["bias"] : []),
            batchAxis: golden.hasBatchAxis ? 0 : nil
          ) { [layer($0[0], $0[1], $1)] }
        }
      ],
      abuse: { bad in
        for a in BadInput.few {
          for b in BadInput.few {
            bad.call("Bilinear", [a, b]) { [Bilinear(2)($0[0], $0[1])] }
          }
        }
        let x = BadInput.Operand("f32[2, 3]", BadInput.filled([2, 3]))
        for size in BadInput.sizes {
          bad.call("Bilinear \(size)", [x, x]) { [Bilinear(size)($0[0], $0[1])] }
        }
      }),
    .init(
      .layer, "Embedding",
      proofs: [
        .goldens("linear_layers", op: "embedding") { golden in
          let padding = golden.int("padding")
          let layer = Embedding(
            golden.int("count"), width: golden.int("width"),
            paddingIndex: padding < 0 ? nil : padding, dtype: .float64)
          try checkLayer(
            golden, layer, variables: ["weight"],
            batchAxis: golden.inputs.first?.shape.isEmpty == true ? nil : 0)
        }
      ],
      abuse: {
        $0.layers(
          "Embedding",
          sizes: {
            [Embedding($0, width: 2), Embedding(2, width: $0)]
              + [Embedding(9, width: 2, paddingIndex: $0)]
          })
        for label in [-10, 9, .max, .min] {
          let x = Tensor([Int64(label)])
          $0.call("Embedding label \(label)", named: false) { _ in [Embedding(9, width: 2)(x)] }
        }
      }),
  ]

  private static let gatedRows: [VocabularyRow] = [
    .init(
      .layer, "Highway",
      proofs: [
        .goldens("linear_layers", op: "highway") { golden in
          try checkLayer(
            golden, Highway(),
            variables: ["transform.weight", "transform.bias", "gate.weight", "gate.bias"],
            batchAxis: golden.hasBatchAxis ? 0 : nil)
        }
      ],
      abuse: { $0.layers("Highway") { [Highway(gateBias: $0)] } }),
    .init(
      .layer, "SqueezeExcitation",
      proofs: [
        .goldens("linear_layers", op: "squeezeExcitation") { golden in
          let layer = SqueezeExcitation(
            reduction: golden.int("reduction"), layout: golden.layout)
          try checkLayer(
            golden, layer, variables: ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
        }
      ],
      abuse: {
        $0.layers(
          "SqueezeExcitation",
          sizes: {
            [
              SqueezeExcitation(reduction: $0, useBias: false),
              SqueezeExcitation(reduction: $0, layout: .channelsFirst),
            ]
          })
      }),
  ]
}

extension GoldenCase {
  /// The activation named by the case.
  fileprivate func activation() throws -> Activation {
    try #require(Activation(named: word("activation")))
  }

  /// Whether the first input is more than one row of features.
  fileprivate var hasBatchAxis: Bool { (inputs.first?.shape.count ?? 0) > 1 }
}
