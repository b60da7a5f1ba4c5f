import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("greedy and sampled decoding") struct SamplingTests {
  @Test("greedy decoding takes the likeliest token, prompts of any length side by side")
  func greedy() throws {
    try TestExecutor.cpu.run {
      for seed in 1...5 as ClosedRange<UInt64> {
        let model = ToyModel(vocabulary: 6, seed: seed)
        let prompts = [[1], [2, 5, 3, 4], [3, 1]]
        let found = try model.decoder(3).greedy(
          from: prompts, maxNewTokens: 9, endTokens: [0])
        for (prompt, sequence) in zip(prompts, found) {
          var tokens: [Int] = []
          var total = 0.0
          while tokens.count < 9, tokens.last != 0 {
            let next = model.logProbabilities(after: prompt + tokens)
            let best = next.indices.max { next[$0] < next[$1] } ?? 0
            tokens.append(best)
            total += next[best]
          }
          #expect(sequence.tokens == tokens)
          #expect(sequence.isFinished == (tokens.last == 0))
          expectClose([sequence.logProbability], [total], absolute: 1e-9)
        }
        #expect(model.traces.count == 1)
      }
    }
  }

  @Test("temperature 0, the single best and a tiny nucleus are greedy")
  func limits() throws {
    try TestExecutor.cpu.run {
      let model = ToyModel(vocabulary: 6, seed: 9)
      let greedy = try model.decoder(2).greedy(
        from: [[1], [2, 5]], maxNewTokens: 40)
      for filter in [.temperature(0), .topK(1), .topP(1e-9), .minP(1)] as [LogitsFilter] {
        let sampled = try model.decoder(2).sampled(
          from: [[1], [2, 5]], maxNewTokens: 40, filters: [filter],
          key: RandomKey(seed: 4))
        #expect(sampled.map(\.tokens) == greedy.map(\.tokens), "\(filter)")
      }
    }
  }

  @Test("drawn tokens are distributed as the filtered probabilities")
  func distribution() throws {
    let p = [0.4, 0.3, 0.15, 0.1, 0.05]
    let cases: [([LogitsFilter], [Double])] = [
      ([], p), ([.topK(2)], [4 / 7, 3 / 7, 0, 0, 0]),
      ([.topP(0.8)], [0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85, 0, 0]),
      ([.temperature(0.5)], p.map { $0 * $0 / 0.285 }),
    ]
    try TestExecutor.cpu.run {
      let logits = Tensor(p.map { log($0) }).expanded(at: 0)
      let rows = 2000
      let decoder = SequenceDecoder { tokens, state in
        (logits: logits.broadcast(to: [rows, 5]), state: state)
      }
      for (filters, expected) in cases {
        let drawn = try decoder.sampled(
          from: Array(repeating: [0], count: rows), maxNewTokens: 10, filters: filters,
          key: RandomKey(seed: 11))
        var counts = [Double](repeating: 0, count: 5)
        for token in drawn.flatMap(\.tokens) { counts[token] += 1 }
        let total = Double(rows * 10)
        var chiSquared = 0.0
        for (count, share) in zip(counts, expected) {
          if share == 0 {
            #expect(count == 0)
          } else {
            chiSquared += (count - share * total) * (count - share * total) / (share * total)
          }
        }
        // With 4 degrees of freedom, beyond 20 in one of 2,000 keys.
        #expect(chiSquared < 20, "\(filters): \(counts)")
      }
    }
  }

  @Test("what a filter excludes is not drawn, not even by the lowest random number")
  func lowestNumber() throws {
    try TestExecutor.cpu.run {
      // Number 208,020 of this key is 0: noise of -∞, were it taken as it is.
      let key = RandomKey(seed: 176)
      let u = try Tensor.uniform([1 << 18], key: key)[208_020].scalar(as: Float.self)
      #expect(u == 0)
      // In rows of 7 it belongs to column 1, the only one that is not excluded.
      let zero = Tensor.zeros([1 << 15, 7])
      let kept = Tensor.iota(zero.shape, axis: 1) .== 1
      let logits = zero.where(kept, else: Tensor(-.infinity, like: zero))
      let drawn = try Tensor.categorical(logits: logits, key: key).min().scalar(as: Int32.self)
      #expect(drawn == 1)
    }
  }

  @Test("successive draws are independent, and rows differ")
  func independence() throws {
    try TestExecutor.cpu.run {
      let decoder = SequenceDecoder { tokens, state in
        (logits: Tensor.zeros([500, 2]), state: state)
      }
      let drawn = try decoder.sampled(
        from: Array(repeating: [0], count: 500), maxNewTokens: 20, key: RandomKey(seed: 2))
      var changes = 0
      for sequence in drawn {
        changes += zip(sequence.tokens, sequence.tokens.dropFirst()).count { $0 != $1 }
      }
      // 9,500 pairs, half of which change, with a deviation of 49.
      #expect(abs(changes - 4750) < 250)
      #expect(Set(drawn.map(\.tokens)).count > 490)
    }
  }

  @Test("the same key gives the same tokens on any number of threads, another key others")
  func sameBits() throws {
    func draw(_ threads: Int, _ seed: Int) throws -> [DecodedSequence] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
        let model = ToyModel(vocabulary: 50, seed: 1, scale: 0.5)
        return try model.decoder(2).sampled(
          from: [[1], [2, 3]], maxNewTokens: 30,
          filters: [.temperature(0.9), .topP(0.95)], key: RandomKey(seed: seed))
      }
    }
    let first = try draw(1, 7)
    #expect(try draw(1, 7) == first)
    #expect(try draw(2, 7) == first)
    #expect(try draw(1, 8) != first)
  }

  @Test("filters see the history of their own row, and the least length counts new tokens")
  func history() throws {
    try TestExecutor.cpu.run {
      let model = ToyModel(vocabulary: 8, seed: 21)
      let found = try model.decoder(2).greedy(
        from: [[1], [2, 3, 4]], maxNewTokens: 4,
        filters: [.noRepeatedRuns(of: 1)])
      for (prompt, sequence) in zip([[1], [2, 3, 4]], found) {
        let all = prompt + sequence.tokens
        #expect(Set(all).count == all.count)
      }
      let long = try model.decoder(2).greedy(
        from: [[1], [2, 3, 4]], maxNewTokens: 70, endTokens: [0, 1, 2, 3],
        filters: [.minNewTokens(40, endTokens: [0, 1, 2, 3]), .repetitionPenalty(1.1)])
      #expect(long.allSatisfy { $0.tokens.count >= 40 })
      // The history outgrew 32 and 64 tokens once each.
      #expect(model.traces.count <= 1 + 3)
    }
  }

  @Test("no prompts give nothing, no new tokens an empty continuation")
  func nothing() throws {
    try TestExecutor.cpu.run {
      let model = ToyModel(vocabulary: 3, seed: 1)
      #expect(try model.decoder(0).greedy(from: [], maxNewTokens: 3) == [])
      let none = try model.decoder(1).greedy(from: [[1]], maxNewTokens: 0)
      #expect(none.map(\.tokens) == [[]])
      let beams = try model.decoder(1).beamSearch(
        from: [[1]], width: 2, maxNewTokens: 0)
      #expect(beams.map { $0.map(\.tokens) } == [[[]]])
    }
  }
}
