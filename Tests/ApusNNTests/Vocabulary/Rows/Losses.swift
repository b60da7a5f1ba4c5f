import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let losses: [VocabularyRow] =
    regressionLosses + binaryLosses + classLosses + divergences + vectorLosses + sequenceLosses
    + detectionLosses + segmentationLosses + generativeLosses

  /// A loss of prediction and target without settings, proven by goldens of its name.
  static func plain(
    _ loss: Loss, _ family: String = "losses", abuse: (@Sendable (inout BadInput) -> Void)? = nil
  ) -> VocabularyRow {
    VocabularyRow(
      .loss, loss.name,
      proofs: [.goldens(family, op: loss.name) { try checkLoss($0, loss) }]
    ) { bad in
      bad.abuse(loss)
      abuse?(&bad)
    }
  }

  private static let regressionLosses: [VocabularyRow] = [
    plain(.meanSquaredError), plain(.halfSumSquaredError), plain(.rootMeanSquaredError),
    plain(.meanAbsoluteError), plain(.logCosh),
    VocabularyRow(
      .loss, "huber",
      proofs: [
        .goldens("losses", op: "huber") { try checkLoss($0, .huber(delta: $0.double("delta"))) }
      ]
    ) { bad in
      bad.abuse(.huber())
      bad.abuse("delta") { .huber(delta: $0) }
    },
    VocabularyRow(
      .loss, "smoothL1",
      proofs: [
        .goldens("losses", op: "smoothL1") { try checkLoss($0, .smoothL1(beta: $0.double("beta"))) }
      ]
    ) { bad in
      bad.abuse(.smoothL1())
      bad.abuse("beta") { .smoothL1(beta: $0) }
    },
    VocabularyRow(
      .loss, "quantile",
      proofs: [
        .goldens("losses", op: "quantile") { try checkLoss($0, .quantile($0.double("quantile"))) }
      ]
    ) { bad in
      bad.abuse(.quantile(0.5))
      bad.abuse("quantile") { .quantile($0) }
    },
    VocabularyRow(
      .loss, "poisson",
      proofs: [
        .goldens("losses", op: "poisson") {
          let (isLog, full) = ($0.truth("isLogRate"), $0.truth("addsFactorial"))
          try checkLoss($0, .poisson(isLogRate: isLog, addsFactorial: full))
        }
      ]
    ) { bad in
      bad.abuse(.poisson(isLogRate: false, addsFactorial: true))
      bad.abuse("epsilon") { .poisson(isLogRate: false, epsilon: $0) }
    },
    VocabularyRow(
      .loss, "GaussianLoss",
      proofs: [
        .goldens("losses", op: "gaussian") { golden in
          let loss = GaussianLoss(
            addsConstant: golden.truth("addsConstant"), reduction: golden.reduction)
          try checkLoss(golden) { [loss(mean: $0[0], variance: $0[1], target: $0[2])] }
        }
      ]
    ) { bad in
      let good = Array(repeating: BadInput.filled([2, 3]), count: 3)
      bad.abuse("GaussianLoss", good: good) {
        GaussianLoss()(mean: $0[0], variance: $0[1], target: $0[2])
      }
      for number in BadInput.numbers {
        bad.call("epsilon \(number)") { _ in
          [GaussianLoss(epsilon: number)(mean: good[0], variance: good[0], target: good[0])]
        }
      }
    },
  ]

  private static let binaryLosses: [VocabularyRow] = [
    VocabularyRow(
      .loss, "binaryCrossEntropy",
      proofs: [
        .goldens("losses", op: "binaryCrossEntropy") { try checkLoss($0, .binaryCrossEntropy) },
        .goldens("losses", op: "positiveWeights") {
          try checkLoss($0, .binaryCrossEntropy(positiveWeights: $0.doubles("weights")))
        },
      ]
    ) { bad in
      bad.abuse(.binaryCrossEntropy)
      bad.abuse("weight") { .binaryCrossEntropy(positiveWeights: [$0]) }
      bad.abuse("weights") { .binaryCrossEntropy(positiveWeights: [1, 2, $0]) }
      bad.abuse("weights of a scalar", []) { .binaryCrossEntropy(positiveWeights: [1, $0]) }
      bad.abuse(.binaryCrossEntropy(positiveWeights: []))
    },
    plain(.binaryCrossEntropyOfProbabilities),
    VocabularyRow(
      .loss, "binaryFocal",
      proofs: [
        .goldens("losses", op: "binaryFocal") {
          let alpha = $0.double("alpha")
          try checkLoss(
            $0, .binaryFocal(gamma: $0.double("gamma"), alpha: alpha < 0 ? nil : alpha))
        }
      ]
    ) { bad in
      bad.abuse(.binaryFocal())
      bad.abuse("gamma") { .binaryFocal(gamma: $0) }
      bad.abuse("alpha") { .binaryFocal(alpha: $0) }
    },
    plain(.hinge), plain(.squaredHinge),
  ]
}
