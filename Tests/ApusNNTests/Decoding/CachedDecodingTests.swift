import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("decoding with a Transformer") struct CachedDecodingTests {
  private func model() -> GPTDecoder {
    GPTDecoder(
      TransformerOptions(width: 8, heads: 2, hidden: 16, activation: .geluTanh), vocabulary: 7,
      positions: 24, layers: 2, dtype: .float64)
  }

  /// Logarithms of the next token's probabilities by a pass over the whole sequence.
  private func next(_ gpt: GPTDecoder, _ tokens: [Int]) throws -> [Double] {
    let x = Tensor(tokens.map { Int64($0) }, shape: [1, tokens.count])
    // Far from uniform, so that the choice is not a matter of rounding.
    return try (gpt.logits(x)[0][tokens.count - 1]).logSoftmax().scalars(as: Double.self)
  }

  /// Initial weights are small; larger ones make the tokens depend on each other.
  private func spread(_ gpt: GPTDecoder) throws {
    _ = gpt.logits(Tensor([0] as [Int64], shape: [1, 1]))
    for (path, parameter) in gpt.parameters where path.hasSuffix("weight") {
      try parameter.assign(parameter.value * 3)
      try eval(parameter.value)
    }
  }

  @Test("cached greedy decoding gives the tokens of full passes, prompts of any length together")
  func greedy() throws {
    try TestExecutor.cpu.run {
      let gpt = model()
      try spread(gpt)
      let prompts = [[1], [2, 3, 5, 6], [4, 4]]
      let found = try gpt.decoding(samples: 3, capacity: 24).greedy(
        from: prompts, maxNewTokens: 12)
      for (prompt, sequence) in zip(prompts, found) {
        var tokens = prompt
        var total = 0.0
        for _ in 0..<12 {
          let all = try next(gpt, tokens)
          let best = all.indices.max { all[$0] < all[$1] } ?? 0
          tokens.append(best)
          total += all[best]
        }
        #expect(sequence.tokens == Array(tokens.dropFirst(prompt.count)))
        expectClose([sequence.logProbability], [total], absolute: 1e-9)
      }
    }
  }

  @Test("beams carry their own caches: probabilities are those of full passes")
  func beams() throws {
    try TestExecutor.cpu.run {
      let gpt = model()
      try spread(gpt)
      let found = try gpt.decoding(samples: 2, capacity: 16).beamSearch(
        from: [[1], [3, 2, 6]], width: 4, count: 4, maxNewTokens: 6, endTokens: [0])
      for (prompt, sequences) in zip([[1], [3, 2, 6]], found) {
        #expect(sequences.count == 4)
        #expect(Set(sequences.map(\.tokens)).count == 4)
        for sequence in sequences {
          var tokens = prompt
          var total = 0.0
          for token in sequence.tokens {
            total += try next(gpt, tokens)[token]
            tokens.append(token)
          }
          expectClose([sequence.logProbability], [total], absolute: 1e-9)
        }
      }
    }
  }

  @Test("the same key draws the same tokens; a full cache is an error")
  func sampled() throws {
    try TestExecutor.cpu.run {
      let gpt = model()
      try spread(gpt)
      func draw(_ seed: Int, _ capacity: Int) throws -> [Int] {
        try gpt.decoding(samples: 1, capacity: capacity).sampled(
          from: [[1]], maxNewTokens: 10, filters: [.topK(5), .topP(0.99)],
          key: RandomKey(seed: seed))[0].tokens
      }
      let first = try draw(1, 10)
      #expect(try draw(1, 20) == first)
      #expect(try draw(2, 20) != first)
      #expect(throws: TensorError.self) { try draw(1, 5) }
    }
  }
}
