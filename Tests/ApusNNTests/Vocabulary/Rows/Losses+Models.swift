import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  private static let pair = [BadInput.filled([2, 4]), BadInput.filled([2, 4])]

  private static func format(_ golden: GoldenCase) -> BoxFormat {
    BoxFormat(rawValue: golden.word("format")) ?? .corners
  }

  /// A function of two lists of boxes, proven by goldens of its name.
  private static func boxes(
    _ name: String, also: [Proof] = [],
    _ function: @escaping @Sendable (Tensor, Tensor, BoxFormat) -> Tensor
  ) -> VocabularyRow {
    VocabularyRow(
      .loss, name,
      proofs: [
        .goldens("detection", op: name) { golden in
          try checkLoss(golden) { [function($0[0], $0[1], format(golden))] }
        }
      ] + also
    ) { bad in
      for format in BoxFormat.allCases {
        bad.abuse(name, good: pair) { function($0[0], $0[1], format) }
        bad.abuse(name, good: [pair[0]]) { function($0[0], $0[0], format) }
        bad.abuse(.generalizedIntersectionOverUnion(format: format))
      }
    }
  }

  static let detectionLosses: [VocabularyRow] = [
    boxes("intersectionOverUnion") { intersectionOverUnion($0, $1, format: $2) },
    boxes("pairwiseIntersectionOverUnion") { pairwiseIntersectionOverUnion($0, $1, format: $2) },
    boxes(
      "generalizedIntersectionOverUnion",
      also: [
        .goldens("detection", op: "generalizedIntersectionOverUnionLoss") {
          try checkLoss($0, .generalizedIntersectionOverUnion(format: format($0)))
        }
      ]
    ) { generalizedIntersectionOverUnion($0, $1, format: $2) },
    VocabularyRow(
      .loss, "yolo",
      proofs: [
        .goldens("detection", op: "yolo") { golden in
          try checkLoss(
            golden,
            .yolo(
              boxes: golden.int("boxes"), classes: golden.int("classes"),
              coordinateWeight: golden.double("coordinateWeight"),
              emptyWeight: golden.double("emptyWeight"),
              predictsRoots: golden.truth("predictsRoots"),
              rescoresConfidence: golden.truth("rescoresConfidence")))
        }
      ]
    ) { bad in
      bad.abuse(.yolo())
      bad.abuse(.yolo(boxes: 1, classes: 0))
      let grid: Shape = [1, 2, 2, 6]
      bad.abuse("coordinateWeight", grid) { .yolo(boxes: 1, classes: 1, coordinateWeight: $0) }
      bad.abuse("emptyWeight", grid) { .yolo(boxes: 1, classes: 1, emptyWeight: $0) }
      let x = BadInput.filled(grid)
      for size in BadInput.sizes {
        bad.call("boxes \(size)") { _ in [Loss.yolo(boxes: size, classes: 1)(x, x)] }
        bad.call("classes \(size)") { _ in [Loss.yolo(boxes: 1, classes: size)(x, x)] }
      }
    },
  ]

  /// A loss of overlapping regions, proven by goldens of its name.
  private static func overlap(
    _ name: String, _ make: @escaping @Sendable (Double) -> Loss
  ) -> VocabularyRow {
    VocabularyRow(
      .loss, name,
      proofs: [
        .goldens("detection", op: name) { try checkLoss($0, make($0.double("smoothing"))) }
      ]
    ) { bad in
      bad.abuse(make(1))
      bad.abuseLabels(make(1))
      bad.abuse("\(name) smoothing") { make($0) }
    }
  }

  static let segmentationLosses: [VocabularyRow] = [
    overlap("dice") { .dice(smoothing: $0) },
    overlap("jaccard") { .jaccard(smoothing: $0) },
    overlap("tversky") { .tversky(smoothing: $0) },
  ]

  /// A pair of adversarial losses, proven by goldens of its name.
  private static func adversarial(_ name: String, _ loss: GANLoss) -> VocabularyRow {
    VocabularyRow(
      .loss, name,
      proofs: [
        .goldens("generativeLosses", op: name) {
          try checkLoss($0) {
            [loss.discriminator(real: $0[0], fake: $0[1]), loss.generator(fake: $0[1])]
          }
        }
      ]
    ) { bad in
      bad.abuse(name, good: pair) { loss.discriminator(real: $0[0], fake: $0[1]) }
      bad.abuse(name, good: [pair[0]]) { loss.generator(fake: $0[0]) }
    }
  }

  static let generativeLosses: [VocabularyRow] = [
    adversarial("minimax", .minimax), adversarial("nonSaturating", .nonSaturating),
    adversarial("leastSquares", .leastSquares), adversarial("marginHinge", .marginHinge),
    adversarial("wasserstein", .wasserstein),
    VocabularyRow(
      .loss, "GANLoss",
      proofs: [
        .goldens("generativeLosses", op: "wasserstein") {
          let own = GANLoss("own", real: { -$0 }, fake: { $0 }, generator: { -$0 })
          try checkLoss($0) {
            [own.discriminator(real: $0[0], fake: $0[1]), own.generator(fake: $0[1])]
          }
        }
      ]
    ) { bad in
      let wrong = GANLoss(
        "wrong", real: { matmul($0, $0) }, fake: { $0[9] }, generator: { $0.converted(to: .bool) })
      bad.abuse("GANLoss", good: pair) { wrong.discriminator(real: $0[0], fake: $0[1]) }
      bad.abuse("GANLoss", good: [pair[0]]) { wrong.generator(fake: $0[0]) }
    },
    VocabularyRow(
      .loss, "gradientPenalty",
      proofs: [
        .goldens("generativeLosses", op: "gradientPenalty") {
          try checkLoss($0) { x in
            let share = x[2].reshaped(
              to: Shape([x[2].shape[0]] + Array(repeating: 1, count: x[0].rank - 1)))
            let between = x[0] * share + x[1] * (1 - share)
            let penalty = gradientPenalty(at: between) { points in
              matmul(matmul(points.flattened(from: 1), x[3]).tanh(), x[4])
            }
            return [penalty]
          }
        }
      ]
    ) { bad in
      let key = RandomKey(seed: 3)
      bad.abuse("gradientPenalty", good: pair) {
        gradientPenalty(real: $0[0], fake: $0[1], key: key) { $0.square() }
      }
      bad.abuse("gradientPenalty", good: [pair[0]]) {
        gradientPenalty(at: $0[0]) { matmul($0, $0) }
      }
      bad.abuse("gradientPenalty", good: [key.tensor]) {
        gradientPenalty(real: pair[0], fake: pair[1], key: RandomKey($0[0])) { $0.tanh() }
      }
      for number in BadInput.numbers {
        bad.call("weight \(number)") { _ in
          [gradientPenalty(at: pair[0], weight: number) { $0.tanh() }]
        }
      }
    },
    VocabularyRow(
      .loss, "VAELoss",
      proofs: [
        .goldens("generativeLosses", op: "vae") { golden in
          let kinds: [String: Loss] = [
            "logits": .binaryCrossEntropy, "probabilities": .binaryCrossEntropyOfProbabilities,
            "squares": .halfSumSquaredError,
          ]
          let kind = kinds[golden.word("reconstruction")]
          let loss = VAELoss(
            reconstruction: kind ?? .hinge, beta: golden.double("beta"),
            reduction: golden.reduction)
          try checkLoss(golden) { [loss($0[0], $0[1], mean: $0[2], logVariance: $0[3])] }
        }
      ]
    ) { bad in
      func call(_ loss: VAELoss, _ x: [Tensor]) -> Tensor {
        loss(x[0], x[1], mean: x[2], logVariance: x[3])
      }
      bad.abuse("VAELoss", good: pair + pair) { call(VAELoss(), $0) }
      for loss in [Loss.crossEntropy, .rootMeanSquaredError, .yolo()] {
        bad.call("VAELoss of \(loss)", named: false) { _ in
          [call(VAELoss(reconstruction: loss), pair + pair)]
        }
      }
      for number in BadInput.numbers {
        bad.call("beta \(number)", named: false) { _ in
          [call(VAELoss(beta: number), pair + pair)]
        }
      }
    },
  ]
}
