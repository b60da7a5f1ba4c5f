import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

extension VocabularyRow {
  static let regularization: [VocabularyRow] = droppingRows + noiseRows + penaltyRows

  private static let droppingRows: [VocabularyRow] = [
    .init(
      .layer, "Dropout",
      proofs: [
        .formula("Srivastava et al. 2014") {
          try checkDropping(Dropout(0.3), [50, 40, 5], kept: 1 / 0.7, share: 0.7, together: [])
          try checkDropping(Dropout(0), [3, 1], kept: 1, share: 1, together: [])
        }
      ],
      abuse: { $0.layers("Dropout") { [Dropout($0)] } }),
    .init(
      .layer, "SpatialDropout",
      proofs: [
        .formula("Tompson et al. 2014, section 3.2") {
          try checkDropping(
            SpatialDropout(0.25), [60, 3, 50], kept: 4 / 3.0, share: 0.75, together: [1])
          try checkDropping(
            SpatialDropout(0.4), [40, 2, 3, 50], kept: 1 / 0.6, share: 0.6, together: [1, 2])
          try checkDropping(
            SpatialDropout(0.4, layout: .channelsFirst), [40, 50, 2, 1, 3], kept: 1 / 0.6,
            share: 0.6, together: [2, 3, 4])
        }
      ],
      abuse: {
        $0.layers("SpatialDropout") {
          [SpatialDropout($0), SpatialDropout($0, layout: .channelsFirst)]
        }
      }),
    .init(
      .layer, "StochasticDepth",
      proofs: [
        .formula("Huang et al. 2016, section 3") {
          try checkDropping(
            StochasticDepth(0.2), [2000, 3, 2], kept: 1.25, share: 0.8, together: [1, 2])
          try checkDropping(
            StochasticDepth(0.5, per: .batch), [4, 3], kept: 2, share: nil, together: [0, 1])
        }
      ],
      abuse: {
        $0.layers("StochasticDepth") { [StochasticDepth($0), StochasticDepth($0, per: .batch)] }
      }),
    .init(
      .layer, "AlphaDropout",
      proofs: [
        .formula("Klambauer et al. 2017, section 3") {
          let q = 0.8
          let limit = -1.7580993408473766
          let a = pow(q + limit * limit * q * (1 - q), -0.5)
          try checkDropping(
            AlphaDropout(0.2), [100, 100], kept: a, share: q, together: [],
            shift: -a * (1 - q) * limit, droppedTo: limit)
          let x = Tensor.normal([40_000], dtype: .float64, key: RandomKey(seed: 2))
          let (mean, variance) = try moments(AlphaDropout(0.2)(x, .training(seed: 4)))
          #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03)
        }
      ],
      abuse: { $0.layers("AlphaDropout") { [AlphaDropout($0)] } }),
  ]

  private static let noiseRows: [VocabularyRow] = [
    .init(
      .layer, "GaussianNoise",
      proofs: [
        .formula("y − x is normal with the deviation asked for") {
          try checkNoise(GaussianNoise(0.3), deviation: { _ in 0.3 }, slope: { _, _ in 1 })
        }
      ],
      abuse: { $0.layers("GaussianNoise") { [GaussianNoise($0)] } }),
    .init(
      .layer, "GaussianDropout",
      proofs: [
        .formula("Srivastava et al. 2014, section 10") {
          try checkNoise(
            GaussianDropout(0.2), deviation: { abs($0) * 0.5 }, slope: { x, y in y / x })
        }
      ],
      abuse: { $0.layers("GaussianDropout") { [GaussianDropout($0)] } }),
    .init(
      .layer, "DropConnect",
      proofs: [
        .goldens("linear_layers", op: "dense") { golden in
          guard golden.inputs.first?.shape.count != 1, golden.truth("bias") else { return }
          try checkLayer(
            golden, DropConnect(golden.int("units")), variables: ["weight", "bias"])
        },
        .formula("Wan et al. 2013, algorithm 1") { try checkDropConnect() },
      ],
      abuse: {
        $0.layers("DropConnect") { [DropConnect(2, rate: $0)] }
        $0.layers("DropConnect", sizes: { [DropConnect($0), DropConnect($0, perSample: false)] })
      }),
  ]

  private static let penaltyRows: [VocabularyRow] = [
    .init(
      .layer, "ActivityPenalty",
      proofs: [
        .formula("(l1·Σ|x| + l2·Σx²) / N") {
          let values = [1.0, -2, 0.5, 3, -0.25, 0]
          let penalty = 0.1 * 6.75 / 3 + 0.01 * (1 + 4 + 0.25 + 9 + 0.0625) / 3
          try checkPenalty(ActivityPenalty(l1: 0.1, l2: 0.01), values, [3, 2], penalty)
          try checkPenalty(ActivityPenalty(l2: 1), [2], [1], 4)
        }
      ],
      abuse: {
        $0.layers("ActivityPenalty") { [ActivityPenalty(l1: $0), ActivityPenalty(l2: $0)] }
      }
    ),
    .init(
      .layer, "SparsityPenalty",
      proofs: [
        .formula("Ng 2011, section 3") {
          func divergence(_ r: Double, _ m: Double) -> Double {
            r * Foundation.log(r / m) + (1 - r) * Foundation.log((1 - r) / (1 - m))
          }
          let values = [0.1, 0.9, 0.4, 0.2, 0.3, 0.25]
          let penalty = 2 * (divergence(0.1, 0.8 / 3) + divergence(0.1, 0.45))
          try checkPenalty(SparsityPenalty(target: 0.1, weight: 2), values, [3, 2], penalty)
          try checkPenalty(SparsityPenalty(target: 0.1, weight: 2), values, [1, 3, 2], penalty)
          let flat = 0.5 * divergence(0.05, 1e-6)
          try checkPenalty(SparsityPenalty(weight: 0.5), [0, 0], [2, 1], flat)
        }
      ],
      abuse: {
        $0.layers("SparsityPenalty") { [SparsityPenalty(target: $0), SparsityPenalty(weight: $0)] }
      }),
  ]
}
