import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let attention: [VocabularyRow] = [multiHead] + positions

  private static let multiHead = VocabularyRow(
    .layer, "MultiHeadAttention",
    proofs: [
      .goldens("attention", op: "multiHeadAttention") { golden in
        let kind = golden.word("kind")
        let batchAxis = kind == "mask" || kind == "both" ? nil : 0
        try checkBoth(golden, batchAxis: batchAxis) {
          MultiHeadAttention(
            width: golden.int("width"), heads: golden.int("heads"),
            keyWidth: golden.attributes["kdim"] == nil ? nil : golden.int("kdim"),
            valueWidth: golden.attributes["vdim"] == nil ? nil : golden.int("vdim"),
            useBias: golden.truth("bias"))
        } call: { module, x, context in
          guard let attention = module as? MultiHeadAttention else { return [] }
          switch kind {
          case "causal": return [attention(x[0], mask: .causal, context)]
          case "cross": return [attention(x[0], key: x[1], context)]
          case "triple": return [attention(x[0], key: x[1], value: x[2], context)]
          case "keys": return [attention(x[0], mask: .keys(isOne(x[1])), context)]
          case "keysCausal":
            let mask = AttentionMask(keys: isOne(x[1]), isCausal: true)
            return [attention(x[0], mask: mask, context)]
          case "mask": return [attention(x[0], mask: AttentionMask(isOne(x[1])), context)]
          case "both":
            let mask = AttentionMask(isOne(x[1]), keys: isOne(x[2]))
            return [attention(x[0], mask: mask, context)]
          default: return [attention(x[0], context)]
          }
        }
      },
      .goldens("attention", op: "groupedAttention") { golden in
        let heads = golden.int("heads")
        let names = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
        try checkBoth(golden, variables: names) {
          MultiHeadAttention(width: 2 * heads, heads: heads, keyHeads: golden.int("groups"))
        } call: { module, x, context in
          (module as? MultiHeadAttention).map { [$0(x[0], mask: .causal, context)] } ?? []
        }
      },
      .goldens("attention", op: "attentionWeights") { golden in
        let names = Array(golden.variables.prefix(2))
        let attention = MultiHeadAttention(width: 4, heads: 2)
        let inputs = golden.inputs.map(\.tensor)
        _ = attention(inputs[0])
        for (path, value) in zip(names, inputs[1...]) {
          let found = attention.parameters.first { $0.path == path }
          try #require(found).parameter.assign(value)
        }
        let weights = attention.weights(inputs[0], mask: .causal)
        try expectClose(
          weights, golden.outputs[0].values, shape: Shape(golden.outputs[0].shape),
          absolute: 1e-12)
      },
    ]
  ) { bad in
    for size in BadInput.counts {
      for x in BadInput.sequences where ["f32[2, 3, 4]", "f32[]", "failed"].contains(x.name) {
        let makers: [(String, () -> MultiHeadAttention)] = [
          ("width", { MultiHeadAttention(width: size, heads: 2) }),
          ("heads", { MultiHeadAttention(width: 4, heads: size) }),
          ("keyHeads", { MultiHeadAttention(width: 4, heads: 2, keyHeads: size) }),
          ("keyWidth", { MultiHeadAttention(width: 4, heads: 2, keyWidth: size) }),
          ("valueWidth", { MultiHeadAttention(width: 4, heads: 2, valueWidth: size) }),
        ]
        for (name, make) in makers {
          bad.call("\(name) \(size)", [x]) { x in
            let attention = make()
            _ = "\(attention)"
            return [attention(x[0]), attention.weights(x[0], mask: .causal)]
          }
        }
        bad.call("capacity \(size)", [x]) { x in
          let attention = MultiHeadAttention(width: 4, heads: 2)
          var cache = attention.cache(batch: 2, capacity: size)
          return [attention.step(x[0], cache: &cache)]
        }
        bad.call("cache batch \(size)", [x]) { x in
          let attention = MultiHeadAttention(width: 4, heads: 2)
          var cache = attention.cache(batch: size, capacity: 4)
          return [attention.step(x[0], cache: &cache)]
        }
      }
    }
    for number in BadInput.numbers {
      bad.call("dropout \(number)") { _ in
        let attention = MultiHeadAttention(width: 4, heads: 2, dropoutRate: number)
        return [attention(BadInput.filled([2, 3, 4]), Context(isTraining: true))]
      }
    }
    for x in BadInput.sequences {
      let attention = MultiHeadAttention(width: 4, heads: 2)
      let good = BadInput.filled([2, 3, 4])
      bad.call("query", [x]) { [attention($0[0], key: good)] }
      bad.call("key", [x]) { [attention(good, key: $0[0])] }
      bad.call("value", [x]) { [attention(good, key: good, value: $0[0])] }
      bad.call("key mask", [x]) { [attention(good, mask: .keys($0[0]))] }
      bad.call("mask", [x]) { [attention(good, mask: AttentionMask($0[0]))] }
      bad.call("both masks", [x]) {
        let keys = BadInput.filled([2, 3], .bool)
        return [attention(good, mask: AttentionMask($0[0], keys: keys))]
      }
      bad.call("cache", [x]) {
        var cache = KeyValueCache(keys: $0[0], values: $0[0], length: Tensor(integer: 0))
        return [attention.step(good, cache: &cache)]
      }
      bad.call("cache length", [x]) {
        let empty = attention.cache(batch: 2, capacity: 4)
        var cache = KeyValueCache(keys: empty.keys, values: empty.values, length: $0[0])
        return [attention.step(good, cache: &cache)]
      }
    }
  }

  private static let positions: [VocabularyRow] = [
    VocabularyRow(
      .layer, "RotaryEmbedding",
      proofs: [
        .goldens("attention", op: "rotary") { golden in
          let pairing = RotaryEmbedding.Pairing(rawValue: golden.word("pairing"))
          try checkBoth(golden, variables: []) {
            RotaryEmbedding(
              base: 100, pairing: pairing ?? .halves, turned: golden.int("turned"))
          } call: { module, x, context in
            guard let rotary = module as? RotaryEmbedding else { return [] }
            let first = golden.int("first")
            if first == 0 { return [rotary(x[0], context)] }
            return [rotary(x[0], from: Tensor(integer: Int64(first)), context)]
          }
        }
      ]
    ) { bad in
      let good = BadInput.filled([1, 4, 4, 2])
      for size in BadInput.sizes {
        bad.call("turned \(size)") { _ in [RotaryEmbedding(turned: size)(good)] }
      }
      for number in BadInput.numbers {
        bad.call("base \(number)") { _ in [RotaryEmbedding(base: number)(good)] }
      }
      for x in BadInput.operands {
        bad.call("input", [x]) { [RotaryEmbedding(pairing: .halves)($0[0])] }
        bad.call("position", [x]) { [RotaryEmbedding()(good, from: $0[0])] }
      }
    },
    VocabularyRow(
      .layer, "SinusoidalPositionalEncoding",
      proofs: [
        .goldens("attention", op: "sinusoidal") { golden in
          try checkLayer(golden, SinusoidalPositionalEncoding())
        }
      ]
    ) { bad in
      for x in BadInput.sequences {
        bad.call("input", [x]) { [SinusoidalPositionalEncoding()($0[0])] }
      }
      for number in BadInput.numbers {
        bad.call("dropout \(number)") { _ in
          let layer = SinusoidalPositionalEncoding(dropoutRate: number)
          return [layer(BadInput.filled([2, 3, 4]), Context(isTraining: true))]
        }
      }
    },
    VocabularyRow(
      .layer, "LearnedPositionalEmbedding",
      proofs: [
        .goldens("attention", op: "learnedPositions") { golden in
          try checkLayer(
            golden, LearnedPositionalEmbedding(golden.int("count")), variables: ["weight"])
        }
      ]
    ) { bad in
      for x in BadInput.sequences {
        bad.call("input", [x]) { [LearnedPositionalEmbedding(2)($0[0])] }
        for size in BadInput.counts {
          bad.call("count \(size)", [x]) { [LearnedPositionalEmbedding(size)($0[0])] }
        }
      }
    },
  ]
}
