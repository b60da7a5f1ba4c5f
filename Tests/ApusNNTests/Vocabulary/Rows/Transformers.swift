import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let transformers: [VocabularyRow] =
    torchBlocks + bertBlocks + gptBlocks + vitBlocks

  private static let torchBlocks: [VocabularyRow] = [
    VocabularyRow(
      .layer, "FeedForward",
      proofs: [
        .goldens("transformers", op: "feedForward") { golden in
          let width = golden.inputs[0].shape.last ?? 0
          for isTraining in [false, true] {
            try checkLayer(
              golden, FeedForward(width, hidden: golden.int("hidden"), activation: .gelu),
              variables: golden.variables, isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      for size in BadInput.counts {
        bad.call("width \(size)") { _ in
          [FeedForward(size, hidden: 2)(BadInput.filled([2, 3, 4]))]
        }
      }
      bad.block {
        FeedForward(4, hidden: $0.hidden, dropoutRate: $0.dropoutRate)
      } _: { m, x in
        (m as? FeedForward)?(x) ?? x
      }
    },
    VocabularyRow(
      .layer, "TransformerEncoderLayer",
      proofs: [
        .goldens("transformers", op: "encoderLayer") { golden in
          for isTraining in [false, true] {
            try checkLayer(
              golden, TransformerEncoderLayer(golden.options()), variables: golden.variables,
              isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      bad.block {
        TransformerEncoderLayer($0)
      } _: { m, x in
        (m as? TransformerEncoderLayer)?(x, mask: .causal) ?? x
      }
      bad.masks { TransformerEncoderLayer(smallOptions)($0, mask: $1) }
    },
    VocabularyRow(
      .layer, "TransformerDecoderLayer",
      proofs: [
        .goldens("transformers", op: "decoderLayer") { golden in
          try checkBoth(golden) {
            TransformerDecoderLayer(golden.options())
          } call: { module, x, context in
            (module as? TransformerDecoderLayer).map { [$0(x[0], memory: x[1], context)] } ?? []
          }
        }
      ]
    ) { bad in
      bad.block {
        TransformerDecoderLayer($0)
      } _: { m, x in
        (m as? TransformerDecoderLayer)?(x, memory: x) ?? x
      }
      for x in BadInput.sequences {
        bad.call("memory", [x]) {
          [TransformerDecoderLayer(smallOptions)(BadInput.filled([2, 3, 4]), memory: $0[0])]
        }
      }
      bad.masks { TransformerDecoderLayer(smallOptions)($0, memory: $0, memoryMask: $1) }
    },
    VocabularyRow(
      .layer, "TransformerEncoder",
      proofs: [
        .goldens("transformers", op: "encoder") { golden in
          try checkBoth(golden) {
            TransformerEncoder(golden.options(), layers: golden.int("layers"))
          } call: { module, x, context in
            (module as? TransformerEncoder).map { [$0(x[0], mask: .keys(isOne(x[1])), context)] }
              ?? []
          }
        }
      ]
    ) { bad in
      bad.block {
        TransformerEncoder($0, layers: 1)
      } _: { m, x in
        (m as? TransformerEncoder)?(x) ?? x
      }
      bad.depths { TransformerEncoder(smallOptions, layers: $0)($1) }
      bad.masks { TransformerEncoder(smallOptions, layers: 1)($0, mask: $1) }
    },
    VocabularyRow(
      .layer, "TransformerDecoder",
      proofs: [
        .goldens("transformers", op: "decoder") { golden in
          try checkBoth(golden) {
            TransformerDecoder(golden.options(), layers: golden.int("layers"))
          } call: { module, x, context in
            (module as? TransformerDecoder).map { [$0(x[0], memory: x[1], context)] } ?? []
          }
        }
      ]
    ) { bad in
      bad.block {
        TransformerDecoder($0, layers: 1)
      } _: { m, x in
        (m as? TransformerDecoder)?(x, memory: x) ?? x
      }
      bad.depths { TransformerDecoder(smallOptions, layers: $0)($1, memory: $1) }
    },
    VocabularyRow(
      .layer, "Transformer",
      proofs: [
        .goldens("transformers", op: "transformer") { golden in
          try checkBoth(golden) {
            Transformer(
              golden.options(), encoderLayers: golden.int("layers"),
              decoderLayers: golden.int("layers"))
          } call: { module, x, context in
            (module as? Transformer).map {
              [$0(x[0], target: x[1], sourceKeys: isOne(x[2]), context)]
            } ?? []
          }
        }
      ]
    ) { bad in
      bad.block {
        Transformer($0, encoderLayers: 1, decoderLayers: 1)
      } _: { m, x in
        (m as? Transformer)?(x, target: x) ?? x
      }
      bad.depths {
        Transformer(smallOptions, encoderLayers: $0, decoderLayers: 1)($1, target: $1)
      }
      bad.depths {
        Transformer(smallOptions, encoderLayers: 1, decoderLayers: $0)($1, target: $1)
      }
      for x in BadInput.sequences {
        let model = Transformer(smallOptions, encoderLayers: 1, decoderLayers: 1)
        bad.call("target", [x]) { [model(BadInput.filled([2, 3, 4]), target: $0[0])] }
        bad.call("source keys", [x]) {
          let good = BadInput.filled([2, 3, 4])
          return [model(good, target: good, sourceKeys: $0[0])]
        }
      }
    },
  ]

  private static let gptBlocks: [VocabularyRow] = [
    VocabularyRow(
      .layer, "GPTBlock",
      proofs: [
        .goldens("pretrained", op: "gptBlock") { golden in
          for isTraining in [false, true] {
            try checkLayer(
              golden, GPTBlock(golden.options(activation: .geluTanh)),
              variables: golden.variables, isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      bad.block {
        GPTBlock($0)
      } _: { m, x in
        (m as? GPTBlock)?(x) ?? x
      }
      bad.block {
        GPTBlock($0)
      } _: { m, x in
        var cache = KeyValueCache(batch: 2, capacity: 4, heads: 2, headWidth: 2)
        return (m as? GPTBlock)?.step(x, cache: &cache) ?? x
      }
    },
    VocabularyRow(
      .layer, "GPTDecoder",
      proofs: [
        .goldens("pretrained", op: "gptDecoder") { golden in
          try checkBoth(golden) {
            GPTDecoder(
              golden.options(activation: .geluTanh), vocabulary: 7, positions: 6, layers: 2,
              dtype: .float64)
          } call: { module, x, context in
            (module as? GPTDecoder).map { [$0.logits(x[0], context)] } ?? []
          }
        }
      ]
    ) { bad in
      func gpt(
        _ options: TransformerOptions = smallOptions, words: Int = 5, positions: Int = 3,
        layers: Int = 1
      ) -> GPTDecoder {
        GPTDecoder(options, vocabulary: words, positions: positions, layers: layers)
      }
      for x in BadInput.operands {
        bad.call("tokens", [x]) { [gpt()($0[0]), gpt().logits($0[0])] }
        bad.call("step", [x]) {
          let model = gpt()
          var caches = model.caches(batch: 2, capacity: 3)
          return [model.step($0[0], caches: &caches)]
        }
      }
      let tokens = Tensor([0, 1, 2, 3, 4, 0] as [Int32], shape: [2, 3])
      for size in BadInput.counts {
        bad.call("words \(size)") { _ in [gpt(words: size).logits(tokens)] }
        bad.call("positions \(size)") { _ in [gpt(positions: size).logits(tokens)] }
        bad.call("layers \(size)") { _ in [gpt(layers: size).logits(tokens)] }
        bad.call("caches \(size)") { _ in
          let model = gpt()
          var caches = model.caches(batch: 2, capacity: size)
          return [model.step(tokens, caches: &caches)]
        }
        for options in [
          TransformerOptions(width: size, heads: 2), TransformerOptions(width: 4, heads: size),
          TransformerOptions(width: 4, heads: 2, hidden: size),
        ] {
          bad.call("options \(size)") { _ in
            let model = gpt(options)
            var caches = model.caches(batch: 2, capacity: 3)
            return [model.logits(tokens), model.step(tokens, caches: &caches)]
          }
        }
      }
      bad.call("no caches") { _ in
        var caches: [KeyValueCache] = []
        return [gpt().step(tokens, caches: &caches)]
      }
    },
  ]

  private static let vitBlocks: [VocabularyRow] = [
    VocabularyRow(
      .layer, "ViTBlock",
      proofs: [
        .goldens("pretrained", op: "vitBlock") { golden in
          for isTraining in [false, true] {
            try checkLayer(
              golden, ViTBlock(golden.options()), variables: golden.variables,
              isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      bad.block {
        ViTBlock($0)
      } _: { m, x in
        (m as? ViTBlock)?(x) ?? x
      }
    },
    VocabularyRow(
      .layer, "ViTEncoder",
      proofs: [
        .goldens("pretrained", op: "vitEncoder") { golden in
          for isTraining in [false, true] {
            try checkLayer(
              golden, ViTEncoder(golden.options(), layers: 2), variables: golden.variables,
              isTraining: isTraining)
          }
        }
      ]
    ) { bad in
      bad.block {
        ViTEncoder($0, layers: 1)
      } _: { m, x in
        (m as? ViTEncoder)?(x) ?? x
      }
      bad.depths { ViTEncoder(smallOptions, layers: $0)($1) }
    },
    VocabularyRow(
      .layer, "PatchEmbedding",
      proofs: [
        .goldens("pretrained", op: "patchEmbedding") { golden in
          let make = { (layout: ImageLayout) in
            PatchEmbedding(golden.int("width"), size: golden.int("size"), layout: layout)
          }
          let names = ["weight", "bias"]
          try checkLayer(golden, make(.channelsLast), variables: names)
          let first = make(.channelsFirst)
          try checkModule(golden, first, variables: names, batchAxis: nil) {
            [first($0[0].transposed(permutation: [0, 3, 1, 2]), $1)]
          }
        }
      ]
    ) { bad in
      for x in BadInput.operands {
        bad.call("images", [x]) { [PatchEmbedding(2, size: 2)($0[0])] }
        bad.call("images", [x]) { [PatchEmbedding(2, size: 3, layout: .channelsFirst)($0[0])] }
      }
      for size in BadInput.counts {
        bad.call("width \(size)") { _ in
          [PatchEmbedding(size, size: 2)(BadInput.filled([1, 4, 4, 2]))]
        }
        bad.call("size \(size)") { _ in
          [PatchEmbedding(2, size: size)(BadInput.filled([1, 4, 4, 2]))]
        }
      }
    },
    VocabularyRow(
      .layer, "ClassToken",
      proofs: [
        .goldens("pretrained", op: "classToken") { golden in
          try checkLayer(golden, ClassToken(), variables: ["class_token"])
        }
      ]
    ) { bad in
      for x in BadInput.sequences { bad.call("input", [x]) { [ClassToken()($0[0])] } }
    },
  ]
}

/// Settings that fit `BadInput.sequences`.
let smallOptions = TransformerOptions(width: 4, heads: 2, hidden: 3)

extension BadInput {
  /// Wrong masks of a block that takes `[2, 3, 4]`.
  mutating func masks(file: String = #fileID, _ call: (Tensor, AttentionMask) -> Tensor) {
    let good = BadInput.filled([2, 3, 4])
    for x in BadInput.sequences {
      self.call("mask", [x], file: file) { [call(good, AttentionMask($0[0]))] }
      self.call("key mask", [x], file: file) { [call(good, .keys($0[0]))] }
    }
  }

  /// Wrong numbers of layers.
  mutating func depths(file: String = #fileID, _ call: (Int, Tensor) -> Tensor) {
    let good = BadInput.filled([2, 3, 4])
    for size in BadInput.counts {
      self.call("layers \(size)", file: file) { _ in [call(size, good)] }
    }
  }
}
