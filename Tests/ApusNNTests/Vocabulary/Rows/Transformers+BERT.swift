import ApusCore
import ApusNN
import ApusTestSupport
import Testing

private func makeEmbeddings(
  words: Int = 7, width: Int = 4, positions: Int = 5, segments: Int = 2, dropoutRate: Double = 0,
  dtype: DType = .float32
) -> BERTEmbeddings {
  BERTEmbeddings(
    vocabulary: words, width: width, positions: positions, segments: segments,
    dropoutRate: dropoutRate, keepsPositions: true, dtype: dtype)
}

extension VocabularyRow {
  static let bertBlocks: [VocabularyRow] = [
    VocabularyRow(
      .layer, "BERTEmbeddings",
      proofs: [
        .goldens("pretrained", op: "bertEmbeddings") { golden in
          try checkBoth(golden) {
            makeEmbeddings(width: golden.int("width"), dtype: .float64)
          } call: { module, x, context in
            (module as? BERTEmbeddings).map { [$0(x[0], segments: x[1], context)] } ?? []
          }
        }
      ]
    ) { bad in
      let tokens = Tensor([0, 1, 2, 3, 4, 0] as [Int32], shape: [2, 3])
      for x in BadInput.operands {
        bad.call("tokens", [x]) { [makeEmbeddings()($0[0])] }
        bad.call("segments", [x]) { [makeEmbeddings()(tokens, segments: $0[0])] }
      }
      for size in BadInput.counts {
        bad.call("words \(size)") { _ in [makeEmbeddings(words: size)(tokens)] }
        bad.call("width \(size)") { _ in [makeEmbeddings(width: size)(tokens)] }
        bad.call("positions \(size)") { _ in [makeEmbeddings(positions: size)(tokens)] }
        bad.call("segments \(size)") { _ in [makeEmbeddings(segments: size)(tokens)] }
      }
      for number in BadInput.numbers {
        bad.call("dropout \(number)") { _ in
          [makeEmbeddings(dropoutRate: number)(tokens, Context(isTraining: true))]
        }
      }
    },
    VocabularyRow(
      .layer, "BERTLayer",
      proofs: [
        .goldens("pretrained", op: "bertLayer") { golden in
          try checkBoth(golden) {
            BERTLayer(golden.options(epsilon: 1e-12))
          } call: { module, x, context in
            (module as? BERTLayer).map { [$0(x[0], mask: .keys(isOne(x[1])), context)] } ?? []
          }
        }
      ]
    ) { bad in
      bad.block {
        BERTLayer($0)
      } _: { m, x in
        (m as? BERTLayer)?(x) ?? x
      }
      bad.masks { BERTLayer(smallOptions)($0, mask: $1) }
    },
    VocabularyRow(
      .layer, "BERTEncoder",
      proofs: [
        .goldens("pretrained", op: "bertEncoder") { golden in
          // The buffer of positions is none of the golden's variables.
          try checkBoth(golden) {
            BERTEncoder(
              embeddings: makeEmbeddings(dtype: .float64), golden.options(epsilon: 1e-12), layers: 2
            )
          } call: { module, x, context in
            guard let bert = module as? BERTEncoder, let pooler = bert.pooler else { return [] }
            let y = bert(x[0], segments: x[1], keys: isOne(x[2]), context)
            return [y, bert.scoped(context) { pooler(y, $0) }]
          }
        }
      ]
    ) { bad in
      func bert(_ options: TransformerOptions = smallOptions, layers: Int = 1) -> BERTEncoder {
        BERTEncoder(embeddings: makeEmbeddings(), options, layers: layers)
      }
      let tokens = Tensor([0, 1, 2, 3, 4, 0] as [Int32], shape: [2, 3])
      for x in BadInput.operands {
        bad.call("tokens", [x]) { [bert()($0[0])] }
        bad.call("segments", [x]) { [bert()(tokens, segments: $0[0])] }
        bad.call("keys", [x]) { [bert()(tokens, keys: $0[0])] }
      }
      for size in BadInput.counts {
        bad.call("layers \(size)") { _ in [bert(layers: size)(tokens)] }
        bad.call("width \(size)") { _ in
          [bert(TransformerOptions(width: size, heads: 2))(tokens)]
        }
        bad.call("heads \(size)") { _ in
          [bert(TransformerOptions(width: 4, heads: size))(tokens)]
        }
      }
    },
    head(
      "BERTPooler", op: "bertPooler", { BERTPooler($0.int("width")) }, { BERTPooler(4) }
    ) { BERTPooler($0) },
    head(
      "BERTNextSentenceHead", op: "bertNextSentenceHead", { _ in BERTNextSentenceHead() },
      { BERTNextSentenceHead() }, nil),
    head(
      "BERTClassificationHead", op: "bertClassificationHead",
      { BERTClassificationHead(classes: $0.int("classes"), dropoutRate: 0) },
      { BERTClassificationHead(classes: 3) }
    ) { BERTClassificationHead(classes: $0) },
    VocabularyRow(
      .layer, "BERTMaskedLanguageHead",
      proofs: [
        .goldens("pretrained", op: "bertMaskedLanguageHead") { golden in
          try checkBoth(golden) {
            Tied()
          } call: { module, x, context in
            (module as? Tied).map { tied in
              tied.scoped(context) { context in
                _ = tied.embeddings(Tensor([0] as [Int32], shape: [1, 1]), context)
                return [tied.head(x[0], context)]
              }
            } ?? []
          }
        }
      ]
    ) { bad in
      for x in BadInput.sequences {
        bad.call("input", [x]) {
          let tied = Tied(dtype: .float32)
          let early = tied.head($0[0])
          _ = tied.embeddings(Tensor([0] as [Int32], shape: [1, 1]))
          return [early, tied.head($0[0])]
        }
      }
    },
  ]

  /// The row of a layer on top of BERT.
  private static func head(
    _ name: String, op: String, _ make: @escaping @Sendable (GoldenCase) -> any Layer,
    _ good: @escaping @Sendable () -> any Layer, _ sized: (@Sendable (Int) -> any Layer)?
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("pretrained", op: op) { golden in
          for isTraining in [false, true] {
            try checkLayer(
              golden, make(golden), variables: golden.variables, isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      for x in BadInput.sequences {
        bad.call("input", [x]) {
          let layer = good()
          return [layer($0[0])]
        }
        guard let sized else { continue }
        for size in BadInput.counts {
          bad.call("size \(size)", [x]) {
            let layer = sized(size)
            return [layer($0[0])]
          }
        }
      }
    }
  }
}

/// Embeddings and the head that shares their table.
private final class Tied: Module, RenamingParts {
  let embeddings: BERTEmbeddings
  let head: BERTMaskedLanguageHead
  var partNames: [String: String] { ["head": ""] }

  init(dtype: DType = .float64) {
    embeddings = makeEmbeddings(dtype: dtype)
    head = BERTMaskedLanguageHead(embeddings)
  }
}
