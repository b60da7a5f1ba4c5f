import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  /// The proofs of a loss of class numbers with its abuse.
  private static func classes(
    _ name: String, _ loss: Loss, also: [Proof] = [],
    made: @escaping @Sendable (GoldenCase) -> Loss,
    weighted: @escaping @Sendable ([Double]) -> Loss,
    set: @escaping @Sendable (Double) -> Loss
  ) -> VocabularyRow {
    VocabularyRow(
      .loss, name,
      proofs: [.goldens("classLosses", op: name) { try checkLoss($0, made($0)) }] + also
    ) { bad in
      let labels = Tensor([0, 2] as [Int64])
      bad.abuse(loss)
      bad.abuseLabels(loss)
      bad.abuse("\(name) setting", target: labels, set)
      bad.abuse("\(name) weight", target: labels) { weighted([1, $0, 1]) }
      bad.abuse("\(name) weights", target: labels) { weighted([1, $0]) }
      bad.abuseLabels(weighted([1, 2, 3]))
      bad.abuse(weighted([]))
    }
  }

  static let classLosses: [VocabularyRow] = [
    classes(
      "crossEntropy", .crossEntropy,
      also: [
        .goldens("classLosses", op: "crossEntropyOfDistributions") {
          try checkLoss($0, made($0))
        }
      ], made: made, weighted: { .crossEntropy(labelSmoothing: 0.1, classWeights: $0) },
      set: { .crossEntropy(labelSmoothing: $0, ignoredLabel: .min) }),
    classes(
      "negativeLogLikelihood", .negativeLogLikelihood,
      made: {
        .negativeLogLikelihood(classWeights: $0.classWeights, ignoredLabel: $0.ignoredLabel)
      },
      weighted: { .negativeLogLikelihood(classWeights: $0, ignoredLabel: -100) },
      set: { .negativeLogLikelihood(ignoredLabel: $0.isFinite && abs($0) < 9 ? Int($0) : .max) }),
    classes(
      "multiClassHinge", .multiClassHinge(),
      made: {
        .multiClassHinge(
          margin: $0.double("margin"), power: $0.int("power"), classWeights: $0.classWeights)
      }, weighted: { .multiClassHinge(power: 3, classWeights: $0) },
      set: { .multiClassHinge(margin: $0) }),
    classes(
      "focal", .focal(), made: { .focal(gamma: $0.double("gamma"), classWeights: $0.classWeights) },
      weighted: { .focal(classWeights: $0) }, set: { .focal(gamma: $0) }),
  ]

  @Sendable private static func made(_ golden: GoldenCase) -> Loss {
    .crossEntropy(
      labelSmoothing: golden.double("labelSmoothing"), classWeights: golden.classWeights,
      ignoredLabel: golden.ignoredLabel)
  }

  static let divergences: [VocabularyRow] = [
    VocabularyRow(
      .loss, "klDivergence",
      proofs: [
        .goldens("losses", op: "klDivergence") {
          try checkLoss($0, .klDivergence(isLogTarget: $0.truth("isLogTarget")))
        }
      ]
    ) { bad in
      bad.abuse(.klDivergence())
      bad.abuse(.klDivergence(isLogTarget: true))
    },
    VocabularyRow(
      .loss, "klToStandardNormal",
      proofs: [
        .goldens("losses", op: "klToStandardNormal") {
          try checkLoss($0) { [klToStandardNormal(mean: $0[0], logVariance: $0[1])] }
        }
      ]
    ) { bad in
      bad.abuse(
        "klToStandardNormal", good: [BadInput.filled([2, 3]), BadInput.filled([2, 3])]
      ) { klToStandardNormal(mean: $0[0], logVariance: $0[1]) }
      bad.abuse("klToStandardNormal", good: [BadInput.filled([])]) {
        klToStandardNormal(mean: $0[0], logVariance: $0[0])
      }
    },
    VocabularyRow(
      .loss, "klBetweenNormals",
      proofs: [
        .goldens("losses", op: "klBetweenNormals") {
          try checkLoss($0) {
            [
              klBetweenNormals(
                mean: $0[0], logVariance: $0[1], otherMean: $0[2], otherLogVariance: $0[3])
            ]
          }
        }
      ]
    ) { bad in
      bad.abuse(
        "klBetweenNormals", good: Array(repeating: BadInput.filled([2, 3]), count: 4)
      ) {
        klBetweenNormals(
          mean: $0[0], logVariance: $0[1], otherMean: $0[2], otherLogVariance: $0[3])
      }
    },
    VocabularyRow(
      .loss, "klToActivation",
      proofs: [
        .goldens("losses", op: "klToActivation") { golden in
          try checkLoss(golden) { [klToActivation($0[0], target: golden.double("target"))] }
        }
      ]
    ) { bad in
      bad.abuse("klToActivation", good: [BadInput.filled([2, 3])]) {
        klToActivation($0[0], target: 0.05)
      }
      for number in BadInput.numbers {
        bad.call("target \(number)") { _ in [klToActivation(Tensor(0.5), target: number)] }
      }
    },
  ]
}
