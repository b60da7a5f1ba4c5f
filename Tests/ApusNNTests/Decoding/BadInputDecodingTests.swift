import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("bad input: decoding") struct BadInputDecodingTests {
  private let table = Tensor((0..<12).map { Double($0 % 5) }, shape: [4, 3])

  /// A step over 3 tokens whose state counts.
  private var decoder: SequenceDecoder { counting() }

  private func counting(state: [Tensor] = [], memory: [Tensor] = []) -> SequenceDecoder {
    let rows = table.sliced(axis: 0, 0..<3)
    return SequenceDecoder(state: state, memory: memory) { tokens, state, _ in
      (logits: rows.gathered(tokens), state: state.map { $0 + 1 })
    }
  }

  /// Calls each way of decoding, for few tokens at most.
  private func all(
    _ decoder: SequenceDecoder, _ bad: inout BadInput, _ name: String,
    prompts: [[Int]] = [[0], [1]], limit: Int = 2,
    ends: [Int] = [2], filters: [LogitsFilter] = []
  ) {
    bad.attempt("greedy \(name)") {
      _ = try decoder.greedy(
        from: prompts, maxNewTokens: limit, endTokens: ends,
        filters: filters)
    }
    bad.attempt("sampled \(name)") {
      _ = try decoder.sampled(
        from: prompts, maxNewTokens: limit, endTokens: ends,
        filters: filters, key: RandomKey(seed: 1))
    }
    bad.attempt("beamSearch \(name)") {
      _ = try decoder.beamSearch(
        from: prompts, width: 2, maxNewTokens: limit,
        endTokens: ends, filters: filters)
    }
  }

  @Test("no call of a decoder ends the process")
  func decoders() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for size in BadInput.sizes {
        all(decoder, &bad, "token \(size)", prompts: [[0, size], [1]])
        all(decoder, &bad, "end \(size)", ends: [size])
        all(decoder, &bad, "limit \(size)", limit: size)
        for other in BadInput.sizes {
          bad.attempt("beamSearch width \(size) count \(other)") {
            _ = try decoder.beamSearch(from: [[0]], width: size, count: other, maxNewTokens: 2)
          }
        }
        all(
          SequenceDecoder(state: [Tensor.zeros([2, 2])], batchAxes: [size]) { tokens, state in
            (logits: Tensor.zeros([tokens.count, 3]), state: state)
          }, &bad, "axis \(size)")
      }
      for number in BadInput.numbers {
        for penalty in [.wu(alpha: number), .power(number)] as [LengthPenalty] {
          bad.attempt("beamSearch \(penalty)") {
            _ = try decoder.beamSearch(
              from: [[0]], width: 2, lengthPenalty: penalty, maxNewTokens: 2, endTokens: [2])
          }
        }
      }
      all(decoder, &bad, "empty prompt", prompts: [[0], []])
      for x in BadInput.operands {
        all(counting(state: [x.tensor]), &bad, "state \(x.name)")
        all(counting(memory: [x.tensor]), &bad, "memory \(x.name)")
        let wrong = SequenceDecoder { _, state in (logits: x.tensor, state: state) }
        all(wrong, &bad, "logits \(x.name)")
        let changed = SequenceDecoder(state: [Tensor.zeros([2, 3])]) { tokens, _ in
          (logits: Tensor.zeros([tokens.count, 3]), state: [x.tensor])
        }
        all(changed, &bad, "new state \(x.name)")
        bad.attempt("sampled key \(x.name)") {
          _ = try decoder.sampled(from: [[0]], maxNewTokens: 2, key: RandomKey(x.tensor))
        }
      }
      for value in [Double.nan, .infinity, -.infinity] {
        let wrong = SequenceDecoder { tokens, state in
          (logits: Tensor(repeating: value, shape: [tokens.count, 3]), state: state)
        }
        all(wrong, &bad, "logits \(value)")
      }
      #expect(bad.refusals > 100)
      print("bad input: decoding: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }

  @Test("no setting of a filter and no logits end the process")
  func filters() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      var filters: [LogitsFilter] = []
      for number in BadInput.numbers {
        filters += [.temperature(number), .topP(number), .minP(number), .repetitionPenalty(number)]
      }
      for size in BadInput.sizes {
        filters += [
          .topK(size), .noRepeatedRuns(of: size), .minNewTokens(size, endTokens: [1]),
          .minNewTokens(1, endTokens: [size]), .excluding([size]),
        ]
      }
      filters.append(.excluding([0, 1, 2]))
      for filter in filters {
        all(decoder, &bad, "\(filter)", filters: [filter])
        for x in BadInput.few {
          bad.call("\(filter)", [x]) { [filter($0[0])] }
          for y in BadInput.few {
            bad.call("\(filter) history", [x, y]) {
              [filter($0[0], progress: DecodingProgress(history: $0[1], newTokenCount: $0[1]))]
            }
          }
        }
      }
      #expect(bad.refusals > 1000)
      print("bad input: logits filters: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }

  @Test("refusals name the numbers and the caller")
  func texts() throws {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "nothing"
    }
    TestExecutor.cpu.run {
      let token = message {
        _ = try decoder.greedy(from: [[0, 7]], maxNewTokens: 1, file: "App/Main.swift", line: 3)
      }
      #expect(
        token == """
          greedy: token 7 is not in the vocabulary 0..<3
            logits: f64[1, 3]
            called at App/Main.swift:3
          """)
      let empty = message {
        _ = try decoder.beamSearch(
          from: [[0], []], width: 2, maxNewTokens: 1, file: "App/Main.swift", line: 4)
      }
      #expect(
        empty == """
          beamSearch: prompt 1 is empty: it needs at least a start token
            called at App/Main.swift:4
          """)
      let growing = SequenceDecoder(state: [Tensor.zeros([1, 2])]) { tokens, state in
        (
          logits: Tensor.zeros([tokens.count, 3]),
          state: [concatenated([state[0], state[0]], axis: 1)]
        )
      }
      let grown = message {
        _ = try growing.greedy(
          from: [[0]], maxNewTokens: 1, file: "App/Main.swift",
          line: 5)
      }
      #expect(
        grown == """
          greedy: the step changes state 0 from f32[1, 2] to f32[1, 4]: shapes must stay
            logits: f32[1, 3]
            called at App/Main.swift:5
          """)
    }
  }
}
