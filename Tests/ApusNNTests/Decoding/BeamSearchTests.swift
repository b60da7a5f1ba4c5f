import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// Every continuation up to a length, scored; the best first.
private func allSequences(
  _ model: ToyModel, prompt: [Int], limit: Int, ends: Set<Int>, _ penalty: LengthPenalty
) -> [DecodedSequence] {
  var found: [DecodedSequence] = []
  func extend(_ tokens: [Int], _ logProbability: Double) {
    let isFinished = tokens.last.map(ends.contains) ?? false
    if isFinished || tokens.count == limit {
      found.append(
        DecodedSequence(
          tokens: tokens, logProbability: logProbability,
          score: logProbability / penalty.divisor(tokens.count), isFinished: isFinished))
      return
    }
    let next = model.logProbabilities(after: prompt + tokens)
    for token in next.indices { extend(tokens + [token], logProbability + next[token]) }
  }
  extend([], 0)
  return found.sorted { $0.score > $1.score }
}

/// The search as the paper describes it, over whole sequences scored from their start.
private func plainBeamSearch(
  _ model: ToyModel, prompt: [Int], width: Int, limit: Int, ends: Set<Int>,
  _ penalty: LengthPenalty
) -> [DecodedSequence] {
  var open: [(tokens: [Int], logProbability: Double)] = [([], 0)]
  var closed: [DecodedSequence] = []
  for length in 1...limit {
    var all: [(tokens: [Int], logProbability: Double)] = []
    for (tokens, logProbability) in open {
      let next = model.logProbabilities(after: prompt + tokens)
      all += next.indices.map { (tokens + [$0], logProbability + next[$0]) }
    }
    all.sort { $0.logProbability > $1.logProbability }
    func isEnd(_ tokens: [Int]) -> Bool { tokens.last.map(ends.contains) ?? false }
    func close(_ found: ArraySlice<(tokens: [Int], logProbability: Double)>) {
      closed += found.map {
        DecodedSequence(
          tokens: $0.tokens, logProbability: $0.logProbability,
          score: $0.logProbability / penalty.divisor($0.tokens.count), isFinished: isEnd($0.tokens))
      }
      closed = Array(closed.sorted { $0.score > $1.score }.prefix(width))
    }
    close(all.prefix(width).filter { isEnd($0.tokens) }[...])
    open = Array(all.filter { !isEnd($0.tokens) }.prefix(width))
    if length == limit { close(open[...]) }
  }
  return closed
}

private func expectSame(
  _ actual: [DecodedSequence], _ expected: [DecodedSequence],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.map(\.tokens) == expected.map(\.tokens), sourceLocation: sourceLocation)
  #expect(actual.map(\.isFinished) == expected.map(\.isFinished), sourceLocation: sourceLocation)
  expectClose(
    actual.map(\.score), expected.map(\.score), absolute: 1e-9, sourceLocation: sourceLocation)
  expectClose(
    actual.map(\.logProbability), expected.map(\.logProbability), absolute: 1e-9,
    sourceLocation: sourceLocation)
}

private let penalties: [LengthPenalty] = [
  .none, .wu(alpha: 0.6), .wu(alpha: 2), .power(1), .power(-0.5),
]

@Suite("beam search") struct BeamSearchTests {
  @Test("a beam as wide as the tree finds the best sequences of all", arguments: penalties)
  func exhaustive(_ penalty: LengthPenalty) throws {
    try TestExecutor.cpu.run {
      for seed in 1...6 as ClosedRange<UInt64> {
        let model = ToyModel(vocabulary: 3, seed: seed)
        for ends in [[], [0], [1, 2]] {
          let found = try model.decoder(1).beamSearch(
            from: [[1]], width: 90, count: 10, lengthPenalty: penalty,
            maxNewTokens: 4, endTokens: ends)
          let all = allSequences(model, prompt: [1], limit: 4, ends: Set(ends), penalty)
          expectSame(found[0], Array(all.prefix(10)))
        }
      }
    }
  }

  @Test("narrow beams agree with the search over whole sequences", arguments: penalties)
  func narrow(_ penalty: LengthPenalty) throws {
    try TestExecutor.cpu.run {
      for seed in 10...15 as ClosedRange<UInt64> {
        let model = ToyModel(vocabulary: 5, seed: seed)
        for (width, ends) in [(1, [0]), (2, [0]), (3, [0, 4]), (4, [])] {
          let prompts = [[1], [2, 3, 1], [3, 3]]
          let found = try model.decoder(3).beamSearch(
            from: prompts, width: width, count: width,
            lengthPenalty: penalty, maxNewTokens: 7, endTokens: ends)
          for (prompt, sequences) in zip(prompts, found) {
            let expected = plainBeamSearch(
              model, prompt: prompt, width: width, limit: 7, ends: Set(ends), penalty)
            expectSame(sequences, expected)
          }
        }
      }
    }
  }

  @Test("finds what greedy decoding walks past, and a beam of one is greedy")
  func gardenPath() throws {
    try TestExecutor.cpu.run {
      // Token 1 is likelier first, but everything after it is unlikely.
      let table = Tensor(
        [0.1, 0.5, 0.4, 0.34, 0.33, 0.33, 0.98, 0.01, 0.01] as [Double], shape: [3, 3])
      let decoder = SequenceDecoder { tokens, state in
        (logits: table.gathered(tokens).log(), state: state)
      }
      let wide = try decoder.beamSearch(
        from: [[0]], width: 2, count: 2, maxNewTokens: 5, endTokens: [0])
      #expect(wide[0][0].tokens == [2, 0])
      expectClose([wide[0][0].logProbability], [log(0.392)], absolute: 1e-12)
      let greedy = try decoder.greedy(from: [[0]], maxNewTokens: 5, endTokens: [0])
      #expect(greedy[0].tokens == [1, 0])
      let narrow = try decoder.beamSearch(from: [[0]], width: 1, maxNewTokens: 5, endTokens: [0])
      #expect(narrow[0] == greedy)
    }
  }

  @Test("stops early when told to, and later finds better")
  func earlyStopping() throws {
    try TestExecutor.cpu.run {
      // Ends are likely at once, but with a mean over tokens the long sequence is better.
      let table = Tensor(
        [0.5, 0.5, 0.01, 0.99] as [Double], shape: [2, 2])
      let decoder = SequenceDecoder { tokens, state in
        (logits: table.gathered(tokens).log(), state: state)
      }
      for width in [1, 2] {
        let best = try [true, false].map {
          try decoder.beamSearch(
            from: [[0]], width: width, lengthPenalty: .power(1), earlyStopping: $0,
            maxNewTokens: 6, endTokens: [0])[0][0].tokens
        }
        #expect(best == [[0], [1, 1, 1, 1, 1, 1]])
      }
    }
  }

  @Test("a step is recorded once, whatever the number of tokens")
  func traces() throws {
    try TestExecutor.cpu.run {
      let model = ToyModel(vocabulary: 4, seed: 3)
      _ = try model.decoder(2).beamSearch(
        from: [[1], [2]], width: 3, maxNewTokens: 60)
      #expect(model.traces.count == 1)
    }
  }
}
