import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  private static let pair = [BadInput.filled([2, 3]), BadInput.filled([2, 3])]
  private static let judged = pair + [Tensor([true, false])]

  static let vectorLosses: [VocabularyRow] = [
    plain(.cosineDistance, "vectorLosses"),
    VocabularyRow(
      .loss, "cosineSimilarity",
      proofs: [
        .goldens("vectorLosses", op: "cosineSimilarity") {
          try checkLoss($0) { [cosineSimilarity($0[0], $0[1])] }
        }
      ]
    ) { bad in
      bad.abuse("cosineSimilarity", good: pair) { cosineSimilarity($0[0], $0[1]) }
    },
    VocabularyRow(
      .loss, "CosineEmbeddingLoss",
      proofs: [
        .goldens("vectorLosses", op: "cosineEmbedding") { golden in
          let loss = CosineEmbeddingLoss(
            margin: golden.double("margin"), reduction: golden.reduction)
          try checkLoss(golden) { [loss($0[0], $0[1], isSimilar: $0[2])] }
        }
      ]
    ) { bad in
      bad.abuse("CosineEmbeddingLoss", good: judged) {
        CosineEmbeddingLoss()($0[0], $0[1], isSimilar: $0[2])
      }
      for number in BadInput.numbers {
        bad.call("margin \(number)") { _ in
          [CosineEmbeddingLoss(margin: number)(judged[0], judged[1], isSimilar: judged[2])]
        }
      }
    },
    VocabularyRow(
      .loss, "ContrastiveLoss",
      proofs: [
        .goldens("vectorLosses", op: "contrastive") { golden in
          let loss = ContrastiveLoss(margin: golden.double("margin"), reduction: golden.reduction)
          try checkLoss(golden) { [loss($0[0], $0[1], isSimilar: $0[2])] }
        }
      ]
    ) { bad in
      bad.abuse("ContrastiveLoss", good: judged) {
        ContrastiveLoss()($0[0], $0[1], isSimilar: $0[2])
      }
      for number in BadInput.numbers {
        bad.call("margin \(number)") { _ in
          [ContrastiveLoss(margin: number)(judged[0], judged[1], isSimilar: judged[2])]
        }
      }
    },
    VocabularyRow(
      .loss, "TripletMarginLoss",
      proofs: [
        .goldens("vectorLosses", op: "tripletMargin") { golden in
          let loss = TripletMarginLoss(
            margin: golden.double("margin"), order: golden.double("order"),
            swapsAnchor: golden.truth("swapsAnchor"), reduction: golden.reduction)
          try checkLoss(golden) { [loss(anchor: $0[0], positive: $0[1], negative: $0[2])] }
        }
      ]
    ) { bad in
      func call(_ loss: TripletMarginLoss, _ x: [Tensor]) -> Tensor {
        loss(anchor: x[0], positive: x[1], negative: x[2])
      }
      let three = pair + [pair[0]]
      bad.abuse("TripletMarginLoss", good: three) { call(TripletMarginLoss(), $0) }
      for number in BadInput.numbers {
        bad.call("margin \(number)", named: false) { _ in
          [
            call(TripletMarginLoss(margin: number), three),
            call(TripletMarginLoss(order: number), three),
            call(TripletMarginLoss(epsilon: number), three),
          ]
        }
      }
    },
    VocabularyRow(
      .loss, "InfoNCELoss",
      proofs: [
        .goldens("vectorLosses", op: "infoNCE") { golden in
          let loss = InfoNCELoss(
            temperature: golden.double("temperature"), isSymmetric: golden.truth("isSymmetric"),
            reduction: golden.reduction)
          try checkLoss(golden) { [loss(queries: $0[0], keys: $0[1])] }
        }
      ]
    ) { bad in
      bad.abuse("InfoNCELoss", good: pair) { InfoNCELoss()(queries: $0[0], keys: $0[1]) }
      bad.abuse("InfoNCELoss itself", good: [pair[0]]) {
        InfoNCELoss()(queries: $0[0], keys: $0[0])
      }
      for number in BadInput.numbers {
        bad.call("temperature \(number)") { _ in
          [InfoNCELoss(temperature: number)(queries: pair[0], keys: pair[1])]
        }
      }
    },
  ]

  static let sequenceLosses: [VocabularyRow] = [
    VocabularyRow(
      .loss, "CTCLoss",
      proofs: [
        .goldens("ctc", op: "ctc") { golden in
          let loss = CTCLoss(
            blank: golden.int("blank"), zeroInfinity: golden.truth("zeroInfinity"),
            reduction: golden.reduction)
          try checkLoss(golden) {
            [loss($0[0], $0[1], inputLengths: $0[2], targetLengths: $0[3])]
          }
        },
        .goldens("ctc", op: "ctcImpossible") { golden in
          try checkLoss(golden) { [CTCLoss(reduction: golden.reduction)($0[0], $0[1])] }
        },
      ]
    ) { bad in
      let good = [
        BadInput.filled([2, 4, 3]), Tensor([1, 2, 2, 1] as [Int64], shape: [2, 2]),
        Tensor([4, 4] as [Int64]), Tensor([2, 1] as [Int64]),
      ]
      func call(_ loss: CTCLoss, _ x: [Tensor]) -> Tensor {
        loss(x[0], x[1], inputLengths: x[2], targetLengths: x[3])
      }
      bad.abuse("CTCLoss", good: good) { call(CTCLoss(), $0) }
      for blank in BadInput.sizes {
        bad.call("blank \(blank)", named: false) { _ in [call(CTCLoss(blank: blank), good)] }
      }
      for number in [-1, 3, 5, .min, .max] as [Int64] {
        let one = Tensor([1, number])
        let targets = Tensor([1, number, 2, 1], shape: [2, 2])
        bad.call("lengths \(number)", named: false) { _ in
          [
            call(CTCLoss(), [good[0], good[1], one, good[3]]),
            call(CTCLoss(), [good[0], good[1], good[2], one]),
            call(CTCLoss(), [good[0], targets, good[2], good[3]]),
          ]
        }
      }
    }
  ]
}
