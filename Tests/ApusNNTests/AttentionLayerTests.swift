import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("attention layers") struct AttentionLayerTests {
  private func noise(_ shape: Shape, _ seed: Int, _ dtype: DType = .float64) -> Tensor {
    .normal(shape, dtype: dtype, key: RandomKey(seed: seed))
  }

  private static let rotary = RotaryEmbedding(pairing: .halves)

  @Test("decoding with a cache gives what one pass gives, in steps of any length")
  func cache() throws {
    try TestExecutor.cpu.run {
      for attention in [
        MultiHeadAttention(width: 8, heads: 2),
        MultiHeadAttention(width: 8, heads: 4, keyHeads: 2, useBias: false, rotary: Self.rotary),
      ] {
        let x = noise([2, 7, 8], 1)
        let whole = try attention(x, mask: .causal).scalars(as: Double.self)
        for steps in [[1, 1, 1, 1, 1, 1, 1], [3, 1, 2, 1], [7]] {
          var cache = attention.cache(batch: 2, capacity: 9, dtype: .float64)
          let start = cache
          var parts: [Tensor] = []
          var at = 0
          for count in steps {
            parts.append(attention.step(x.sliced(axis: 1, at..<(at + count)), cache: &cache))
            at += count
          }
          try expectClose(concatenated(parts, axis: 1), whole, absolute: 1e-12)
          #expect(try cache.length.scalar(as: Double.self) == 7)
          #expect(try start.length.scalar(as: Double.self) == 0)
          #expect(try start.keys.scalars(as: Double.self).allSatisfy { $0 == 0 })
        }
      }
    }
  }

  @Test("a compiled step is traced once and overruns its cache with an error")
  func compiledStep() throws {
    try TestExecutor.cpu.run {
      let attention = MultiHeadAttention(width: 4, heads: 2)
      let x = noise([1, 3, 4], 2)
      let whole = try attention(x, mask: .causal).scalars(as: Double.self)
      let step = compile { arguments in
        var cache = KeyValueCache(
          keys: arguments[1], values: arguments[2], length: arguments[3])
        let y = attention.step(arguments[0], cache: &cache)
        return [y] + cache.tensors
      }
      var state = attention.cache(batch: 1, capacity: 3, dtype: .float64).tensors
      for time in 0..<3 {
        let results = try step(x.sliced(axis: 1, time..<(time + 1)), state[0], state[1], state[2])
        try expectClose(results[0], Array(whole[(4 * time)..<(4 * time + 4)]), absolute: 1e-12)
        state = Array(results.dropFirst())
      }
      #expect(step.traceCount == 1)
      let error = #expect(throws: TensorError.self) {
        try step(x.sliced(axis: 1, 0..<1), state[0], state[1], state[2])
      }
      #expect(error?.reason.contains("index 3") == true, "\(String(describing: error))")
    }
  }

  @Test("GPT's logits step by step are those of one pass")
  func gptCache() throws {
    try TestExecutor.cpu.run {
      let gpt = GPTDecoder(
        TransformerOptions(
          width: 8, heads: 2, hidden: 16, dropoutRate: 0.1, activation: .geluTanh),
        vocabulary: 11, positions: 9, layers: 3, dtype: .float64)
      let tokens = Tensor.randomIntegers([2, 7], in: 0..<11, key: RandomKey(seed: 3))
      let whole = try gpt.logits(tokens).scalars(as: Double.self)
      #expect(gpt.parameters.map(\.path).contains("h.2.mlp.c_proj.weight"))
      #expect(Set(whole.map { ($0 * 1e6).rounded() }).count > 100)
      var caches = gpt.caches(batch: 2, capacity: 9, dtype: .float64)
      var parts: [Tensor] = []
      for range in [0..<3, 3..<4, 4..<6, 6..<7] {
        parts.append(gpt.step(tokens.sliced(axis: 1, range), caches: &caches))
      }
      try expectClose(concatenated(parts, axis: 1), whole, absolute: 1e-12)
    }
  }

  @Test("a later token changes nothing before it, and something after it")
  func causality() throws {
    try TestExecutor.cpu.run {
      let options = TransformerOptions(width: 8, heads: 2, hidden: 8, dropoutRate: 0)
      let gpt = GPTDecoder(options, vocabulary: 11, positions: 9, layers: 2, dtype: .float64)
      let decoder = TransformerDecoder(options, layers: 2)
      let memory = noise([1, 3, 8], 4)
      let first = Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [1, 6])
      let second = Tensor([1, 2, 3, 9, 5, 6] as [Int32], shape: [1, 6])
      let x = noise([1, 6, 8], 5)
      let changed = x + Tensor([0, 0, 0, 1, 0, 0] as [Double], shape: [1, 6, 1])
      let pairs = [
        (gpt(first), gpt(second)),
        (decoder(x, memory: memory), decoder(changed, memory: memory)),
      ]
      for (a, b) in pairs {
        let (a, b) = (try a.scalars(as: Double.self), try b.scalars(as: Double.self))
        #expect(a[..<24] == b[..<24])
        for time in 3..<6 {
          #expect(a[(8 * time)..<(8 * time + 8)] != b[(8 * time)..<(8 * time + 8)])
        }
      }
    }
  }

  @Test("hidden keys count nothing, wherever they stand, in a whole encoder")
  func padding() throws {
    try TestExecutor.cpu.run {
      let encoder = TransformerEncoder(
        TransformerOptions(width: 8, heads: 2, hidden: 8, dropoutRate: 0), layers: 2)
      let x = noise([1, 4, 8], 6)
      let padded = concatenated([x, noise([1, 3, 8], 7) * 100], axis: 1)
      let keys = Tensor([1, 1, 1, 1, 0, 0, 0] as [Double], shape: [1, 7]) .> 0
      let plain = try encoder(x).scalars(as: Double.self)
      let y = encoder(padded, mask: .keys(keys)).sliced(axis: 1, 0..<4)
      try expectClose(y, plain, absolute: 1e-12)
    }
  }

  @Test("products of turned queries and keys depend on the distance alone")
  func rotaryDistance() throws {
    try TestExecutor.cpu.run {
      let (q, k) = (noise([1, 1, 1, 6], 8), noise([1, 1, 1, 6], 9))
      for pairing in [RotaryEmbedding.Pairing.interleaved, .halves] {
        let rotary = RotaryEmbedding(pairing: pairing)
        func product(_ a: Int64, _ b: Int64) throws -> Double {
          let turned = (
            rotary(q, from: Tensor(integer: a)), rotary(k, from: Tensor(integer: b))
          )
          return try (turned.0 * turned.1).sum().scalar(as: Double.self)
        }
        let near = try product(5, 2)
        #expect(abs(try product(103, 100) - near) < 1e-11)
        #expect(abs(try product(6, 2) - near) > 1e-3)
      }
    }
  }

  @Test("dropout is exact at inference, and the same bits on any number of threads")
  func dropout() throws {
    let options = TransformerOptions(width: 8, heads: 2, hidden: 8, dropoutRate: 0.3)
    let layer = TransformerEncoderLayer(options)
    let bare = TransformerEncoderLayer(
      TransformerOptions(width: 8, heads: 2, hidden: 8, dropoutRate: 0))
    let x = noise([3, 40, 8], 10, .float32)
    try Executors.with(CPUExecutor(CPUConfiguration(threads: 1))) {
      _ = (layer(x), bare(x))
      for ((_, from), (_, to)) in zip(layer.parameters, bare.parameters) {
        try to.assign(from.value)
      }
    }
    func run(_ threads: Int, _ layer: TransformerEncoderLayer, seed: Int?) throws -> [Double] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
        let context = seed.map { Context(isTraining: true, key: RandomKey(seed: $0)) }
        return try layer(x, context ?? .inference).scalars(as: Double.self)
      }
    }
    let plain = try run(1, layer, seed: nil)
    #expect(try run(1, bare, seed: nil) == plain)
    let dropped = try run(1, layer, seed: 1)
    #expect(dropped != plain)
    #expect(try run(2, layer, seed: 1) == dropped)
    #expect(try run(1, layer, seed: 2) != dropped)
  }

  @Test("attention in training drops the promised share of weights")
  func attentionDropout() throws {
    try TestExecutor.cpu.run {
      // Equal scores; the first projection of values and the last are the identity.
      let attention = MultiHeadAttention(width: 1, heads: 1, dropoutRate: 0.2, useBias: false)
      let x = Tensor.ones([1, 200, 1])
      _ = attention(x)
      for (path, parameter) in attention.parameters {
        let values: [Float] = path == "in_proj_weight" ? [0, 0, 1] : [1]
        try parameter.assign(Tensor(values, shape: [values.count, 1]))
      }
      #expect(try attention(x).scalars(as: Double.self).allSatisfy { abs($0 - 1) < 1e-6 })
      let y = try attention(x, Context(isTraining: true, key: RandomKey(seed: 5)))
        .scalars(as: Double.self)
      let mean = y.reduce(0, +) / 200
      #expect(abs(mean - 1) < 0.01)
      let deviation = (y.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 200).squareRoot()
      #expect(abs(deviation - (0.25 / 200).squareRoot()) < 0.008)
    }
  }

  @Test("a long sequence trains in memory linear in its length")
  func longSequence() throws {
    let layer = TransformerEncoderLayer(
      TransformerOptions(width: 8, heads: 2, hidden: 8, dropoutRate: 0.1))
    let length = 2048
    let x = noise([1, length, 8], 11, .float32)
    try TestExecutor.cpu.run {
      try layer.build(TensorType(.float32, [1, length, 8]), seed: 1)
      let context = Context(isTraining: true, key: RandomKey(seed: 6))
      let (loss, slopes) = layer.valueAndGradients {
        layer(x, mask: .causal, context).square().mean()
      }
      try eval([loss] + slopes)
      for slope in slopes { #expect(try slope.scalars().allSatisfy(\.isFinite)) }
      let types = [TensorType(.float32, [1, length, 8])]
      let graph = try graph(of: { [layer($0[0], mask: .causal)] }, on: types)
      let plan = "\(try CPUExecutor().compile(graph, options: CompileOptions()))"
      let words = plan.split(separator: "\n")[0].split(separator: " ")
      let bytes = try #require(words.dropLast().last.flatMap { Int($0) })
      #expect(bytes < length * length)
    }
  }

  @Test("names of PyTorch, Hugging Face and torchvision")
  func names() throws {
    let options = TransformerOptions(width: 4, heads: 2, hidden: 4)
    let x = Tensor.zeros([1, 2, 4])
    let model = Transformer(options, encoderLayers: 1, decoderLayers: 1)
    _ = model(x, target: x)
    let paths = Set(model.parameters.map(\.path))
    for path in [
      "encoder.layers.0.self_attn.in_proj_weight", "encoder.layers.0.self_attn.out_proj.bias",
      "encoder.layers.0.linear1.weight", "encoder.norm.bias",
      "decoder.layers.0.multihead_attn.in_proj_bias", "decoder.layers.0.norm3.weight",
      "decoder.norm.weight",
    ] { #expect(paths.contains(path), "\(path) is not among \(paths.sorted())") }
    #expect(paths.count == 12 + 18 + 4)
    let attention = MultiHeadAttention(width: 4, heads: 2, keyWidth: 3)
    _ = attention(x, key: Tensor.zeros([1, 2, 3]), value: x)
    #expect(
      attention.parameters.map(\.path) == [
        "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight",
        "out_proj.bias",
      ])
  }

  @Test("a summary counts parameters once and the products of attention")
  func summary() throws {
    let encoder = TransformerEncoder(
      TransformerOptions(width: 4, heads: 2, hidden: 6), layers: 2)
    let summary = try encoder.summary(for: TensorType(.float32, [1, 5, 4]))
    let layer = 4 * 12 + 12 + 16 + 4 + 24 + 6 + 24 + 4 + 16
    #expect(summary.parameterCount == 2 * layer)
    #expect(summary.rows.reduce(0) { $0 + $1.parameters } == 2 * layer)
    let work = 5 * 4 * 12 + 5 * 16 + 2 * 5 * 24 + 2 * 5 * 5 * 4
    #expect(summary.multiplyAdds == 2 * work)
  }

  @Test("the article's examples run")
  func article() throws {
    try TestExecutor.cpu.run {
      let (x, memory) = (noise([1, 5, 64], 12), noise([1, 3, 64], 13))
      let isWord = Tensor([1, 1, 0] as [Double], shape: [1, 3]) .> 0
      let attention = MultiHeadAttention(width: 64, heads: 4)
      let y = attention(x)
      let z = attention(x, mask: .causal)
      let c = attention(x, key: memory, mask: .keys(isWord))
      try eval(y, z, c)
      let gpt = GPTDecoder(
        TransformerOptions(width: 32, heads: 4, hidden: 128, activation: .geluTanh),
        vocabulary: 100, positions: 64, layers: 2)
      let prompt = Tensor([1, 2, 3] as [Int32], shape: [1, 3])
      var caches = gpt.caches(batch: 1, capacity: 64)
      var logits = gpt.step(prompt, caches: &caches)
      for _ in 0..<10 {
        let next = logits.sliced(axis: 1, from: -1).argmax(axis: -1)
        logits = gpt.step(next, caches: &caches)
      }
      #expect(try caches[1].length.scalar(as: Double.self) == 13)
      #expect(logits.shape == [1, 1, 100])
    }
  }
}
