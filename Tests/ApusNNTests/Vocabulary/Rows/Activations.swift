import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let activations: [VocabularyRow] = plainActivations + settableActivations + slopes

  /// Activations without settings, by name.
  private static let plainActivations: [VocabularyRow] = [
    "linear", "step", "relu", "relu6", "sigmoid", "hardSigmoid", "logSigmoid", "tanh",
    "tanhShrink", "selu", "softsign", "gelu", "geluTanh", "hardSwish", "silu", "mish", "softmin",
    "glu", "swiGLU", "geGLU",
  ].map { name in
    VocabularyRow(
      .activation, name, proofs: [goldens(of: name)],
      abuse: { $0.activation(name, [name]) })
  }

  /// Activations with settings: what `Activation(named:)` is given, and edges of the settings.
  private static let settableActivations: [VocabularyRow] = [
    settable("leakyRelu") { [.leakyRelu(slope: $0)] },
    settable("elu") { [.elu(alpha: $0)] },
    settable("celu") { [.celu(alpha: $0)] },
    settable("softplus") { [.softplus(beta: $0)] },
    settable("hardShrink") { [.hardShrink($0)] },
    settable("softShrink") { [.softShrink($0)] },
    settable("threshold") { [.threshold($0), .threshold(0, else: $0)] },
    settable("hardTanh") {
      $0.isNaN ? [] : [.hardTanh($0...(.infinity)), .hardTanh(-.infinity...$0)]
    },
    settable("softmax") { [.softmax(axis: Int(clamping: $0))] },
    settable("logSoftmax") { [.logSoftmax(axis: Int(clamping: $0))] },
  ]

  private static func settable(
    _ name: String, _ make: @escaping @Sendable (Double) -> [Activation]
  ) -> VocabularyRow {
    VocabularyRow(
      .activation, name, proofs: [goldens(of: name)],
      abuse: { bad in
        bad.activation(name, [name, "\(name)(nan)", "\(name)(1", "\(name)(1, 2, 3)"])
        bad.layers(name) { make($0).map { ActivationLayer($0) } }
      })
  }

  private static func goldens(of name: String) -> Proof {
    .goldens("activation", op: name) { golden in
      let settings = golden.doubles("settings").map { "\($0)" }
      let text = settings.isEmpty ? name : "\(name)(\(settings.joined(separator: ", ")))"
      let activation = try #require(Activation(named: text), "\(text)")
      try checkLayer(
        golden, ActivationLayer(activation),
        // A softmax over the batch has nothing to sum over where there is no batch.
        batchAxis: settings == ["0.0"] && name.lowercased().hasSuffix("softmax") ? nil : 0)
    }
  }

  private static let slopes: [VocabularyRow] = [
    .init(
      .layer, "PReLU",
      proofs: [
        .goldens("activation", op: "prelu") { golden in
          let layer = PReLU(perChannel: golden.truth("perChannel"), layout: golden.layout)
          try checkLayer(golden, layer, variables: ["weight"])
        }
      ],
      abuse: {
        $0.layers("PReLU") {
          [
            PReLU(slope: $0), PReLU(slope: $0, perChannel: true),
            PReLU(perChannel: true, layout: .channelsFirst),
          ]
        }
      }),
    .init(
      .layer, "RReLU",
      proofs: [
        .goldens("activation", op: "rrelu") { golden in
          try checkLayer(golden, RReLU(from: golden.double("low"), to: golden.double("high")))
        }
      ],
      abuse: { $0.layers("RReLU") { [RReLU(from: $0), RReLU(to: $0)] } }),
    .init(
      .layer, "GLU",
      proofs: [
        .goldens("activation", op: "gluAxis") { golden in
          let axis = golden.int("axis")
          try checkLayer(golden, GLU(axis: axis), batchAxis: axis == 0 ? nil : 0)
        }
      ],
      abuse: { $0.layers("GLU", sizes: { [GLU(axis: $0), GLU(gate: .silu)] }) }),
    .init(
      .layer, "Softmax",
      proofs: [
        .goldens("activation", op: "softmax") { golden in
          let axis = golden.doubles("settings").first.map { Int($0) } ?? -1
          try checkLayer(golden, Softmax(axis: axis), batchAxis: axis == 0 ? nil : 0)
        }
      ],
      abuse: { $0.layers("Softmax", sizes: { [Softmax(axis: $0)] }) }),
    .init(
      .layer, "ActivationLayer", proofs: [goldens(of: "mish")],
      abuse: { $0.layers("ActivationLayer", sizes: { _ in [ActivationLayer(.hardSwish)] }) }),
    .init(
      .layer, "Maxout",
      proofs: [
        .goldens("activation", op: "maxout") { golden in
          let layer = Maxout(golden.int("units"), pieces: golden.int("pieces"))
          let isRow = golden.inputs.first?.shape.count == 1
          try checkLayer(
            golden, layer, variables: ["weight", "bias"], batchAxis: isRow ? nil : 0)
        }
      ],
      abuse: {
        $0.layers("Maxout", sizes: { [Maxout($0), Maxout(2, pieces: $0), Maxout($0, pieces: $0)] })
      }),
  ]
}

extension BadInput {
  /// Applies an activation to every operand, and asks for names that there are not.
  fileprivate mutating func activation(_ name: String, _ texts: [String]) {
    for text in texts {
      guard let activation = Activation(named: text) else {
        call("no activation \(text)", named: false) { _ in [] }
        continue
      }
      for operand in BadInput.operands {
        call(text, [operand], named: false) { [activation($0[0])] }
      }
    }
    #expect(Activation(named: name + "?") == nil)
  }
}

extension Int {
  /// The nearest whole number; 0 for NaN.
  fileprivate init(clamping number: Double) {
    self = number.isNaN ? 0 : Int(exactly: Swift.max(-9e18, Swift.min(9e18, number)).rounded()) ?? 0
  }
}
