import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let normalization: [VocabularyRow] =
    [
      .init(
        .layer, "BatchNorm",
        proofs: [
          .goldens("normalization_layers", op: "batchNorm") { golden in
            try checkTracking(
              golden,
              BatchNorm(
                momentum: golden.truth("cumulative") ? nil : golden.double("momentum"),
                affine: golden.truth("affine"), tracksRunningStatistics: golden.truth("tracking"),
                layout: golden.layout))
          }
        ],
        abuse: {
          $0.layers("BatchNorm") { number in
            [
              BatchNorm(epsilon: number), BatchNorm(momentum: number),
              BatchNorm(affine: false, layout: .channelsFirst),
            ]
          }
        }),
      .init(
        .layer, "InstanceNorm",
        proofs: [
          .goldens("normalization_layers", op: "instanceNorm") { golden in
            try checkTracking(
              golden,
              InstanceNorm(
                momentum: golden.double("momentum"), affine: golden.truth("affine"),
                tracksRunningStatistics: golden.truth("tracking"), layout: golden.layout))
          }
        ],
        abuse: {
          $0.layers("InstanceNorm") { number in
            [
              InstanceNorm(epsilon: number), InstanceNorm(affine: true),
              InstanceNorm(momentum: number, tracksRunningStatistics: true, layout: .channelsFirst),
            ]
          }
        }),
      .init(
        .layer, "GroupNorm",
        proofs: [
          .goldens("normalization_layers", op: "groupNorm") { golden in
            let affine = golden.truth("affine")
            let layer = GroupNorm(
              golden.int("groups"), epsilon: golden.double("epsilon"), affine: affine,
              layout: golden.layout)
            try checkLayer(golden, layer, variables: affine ? ["weight", "bias"] : [])
          }
        ],
        abuse: {
          $0.layers("GroupNorm") { [GroupNorm(1, epsilon: $0), GroupNorm(2, affine: false)] }
          $0.layers("GroupNorm", sizes: { [GroupNorm($0), GroupNorm($0, layout: .channelsFirst)] })
        }),
      .init(
        .layer, "LayerNorm",
        proofs: [
          .goldens("normalization_layers", op: "layerNorm") { golden in
            let (affine, bias) = (golden.truth("affine"), golden.truth("bias"))
            let layer = LayerNorm(
              axisCount: golden.int("axes"), epsilon: golden.double("epsilon"), affine: affine,
              useBias: bias)
            try checkLayer(
              golden, layer,
              variables: (affine ? ["weight"] : []) + (affine && bias ? ["bias"] : []),
              batchAxis: golden.hasBatch ? 0 : nil)
          }
        ],
        abuse: {
          $0.layers("LayerNorm") { [LayerNorm(epsilon: $0), LayerNorm(useBias: false)] }
          $0.layers("LayerNorm", sizes: { [LayerNorm(axisCount: $0)] })
        }),
      .init(
        .layer, "RMSNorm",
        proofs: [
          .goldens("normalization_layers", op: "rmsNorm") { golden in
            let affine = golden.truth("affine")
            let layer = RMSNorm(
              axisCount: golden.int("axes"), epsilon: golden.double("epsilon"), affine: affine)
            try checkLayer(
              golden, layer, variables: affine ? ["weight"] : [],
              batchAxis: golden.hasBatch ? 0 : nil)
          }
        ],
        abuse: {
          $0.layers("RMSNorm") { [RMSNorm(epsilon: $0), RMSNorm(affine: false)] }
          $0.layers("RMSNorm", sizes: { [RMSNorm(axisCount: $0)] })
        }),
      .init(
        .layer, "LocalResponseNorm",
        proofs: [
          .goldens("normalization_layers", op: "localResponseNorm") { golden in
            let layer = LocalResponseNorm(
              golden.int("size"), alpha: golden.double("alpha"), beta: golden.double("beta"),
              k: golden.double("k"), layout: golden.layout)
            try checkLayer(golden, layer)
          }
        ],
        abuse: {
          $0.layers("LocalResponseNorm") {
            [LocalResponseNorm(alpha: $0), LocalResponseNorm(beta: $0), LocalResponseNorm(k: $0)]
          }
          $0.layers(
            "LocalResponseNorm",
            sizes: { [LocalResponseNorm($0), LocalResponseNorm($0, layout: .channelsFirst)] })
        }),
    ] + derivations

  static let derivations: [VocabularyRow] = [
    .init(
      .layer, "WeightNorm",
      proofs: [
        .goldens("normalization_layers", op: "weightNorm") { golden in
          let axis = golden.int("axis")
          let layer = golden.layer(deriving: WeightNorm(axis: axis == -9 ? nil : axis))
          try checkLayer(golden, layer, variables: ["bias", "weight_g", "weight_v"])
        }
      ],
      abuse: {
        $0.layers(
          "WeightNorm",
          sizes: { [Dense(2).deriving(\.weight, by: WeightNorm(axis: $0))] })
      }),
    .init(
      .layer, "SpectralNorm",
      proofs: [
        .goldens("normalization_layers", op: "spectralNorm") { golden in
          let rule = SpectralNorm(iterations: golden.int("iterations"))
          let layer = golden.layer(deriving: rule)
          let training = golden.truth("training")
          try checkModule(
            golden, layer, variables: ["bias", "weight_orig", "weight_u", "weight_v"],
            isTraining: training
          ) { data, context in
            [layer(data[0], context)] + context.updates.map(\.value)
          }
        }
      ],
      abuse: {
        $0.layers("SpectralNorm") {
          [Dense(2).deriving(\.weight, by: SpectralNorm(epsilon: $0))]
        }
        $0.layers(
          "SpectralNorm",
          sizes: {
            [
              Dense(2).deriving(\.weight, by: SpectralNorm(iterations: $0)),
              Conv2D(2, kernel: 1).deriving(\.weight, by: SpectralNorm(axis: $0)),
            ]
          })
      }),
  ]
}

/// A norm's output and, in training, what becomes of its running statistics.
private func checkTracking(_ golden: GoldenCase, _ layer: any Layer) throws {
  let statistics = ["running_mean", "running_var", "num_batches_tracked"]
  let variables =
    (golden.truth("affine") ? ["weight", "bias"] : [])
    + (golden.truth("tracking") ? statistics : [])
  let isTraining = golden.truth("training")
  // PyTorch's instance norms have a count of batches but never count.
  let compared = golden.op == "instanceNorm" ? Array(statistics.dropLast()) : statistics
  let needsBatch = !golden.truth("tracking") && golden.op == "batchNorm"
  try checkModule(
    golden, layer, variables: variables, isTraining: isTraining, batchAxis: needsBatch ? nil : 0
  ) { data, context in
    let y = layer(data[0], context)
    let updates = context.updates
    let buffers = Dictionary(
      layer.buffers.map { (ObjectIdentifier($0.buffer), $0.path) }, uniquingKeysWith: { a, _ in a })
    return [y]
      + compared.flatMap { name in
        updates.filter { buffers[ObjectIdentifier($0.buffer)] == name }.map(\.value)
      }
  }
}

extension GoldenCase {
  /// Whether the first input has more axes than a row.
  fileprivate var hasBatch: Bool { (inputs.first?.shape.count ?? 0) > int("axes") }

  /// The layer of a case whose weight is derived.
  fileprivate func layer(deriving rule: some Derivation) -> any Layer {
    let shape = ints("shape")
    if word("kind") == "dense" { return Dense(shape[0]).deriving(\.weight, by: rule) }
    return Conv2D(shape[0], kernel: shape.dropFirst(2).map { $0 }).deriving(\.weight, by: rule)
  }
}
