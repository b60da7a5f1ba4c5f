import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("language models") struct LanguageModelTests {
  private static let text = "the swift flies high. the swift sleeps in the sky. "

  private struct Characters {
    let letters: [Character]
    init(_ text: String) { letters = Set(text).sorted() }
    func numbers(_ text: String) -> [Int] { text.compactMap { letters.firstIndex(of: $0) } }
    func text(_ numbers: [Int]) -> String { String(numbers.map { letters[$0] }) }
  }

  @Test("a character model learns a text: exact by greedy, reproducible by sampled decoding")
  func characters() throws {
    try TestExecutor.cpu.run {
      let letters = Characters(Self.text)
      let numbers = letters.numbers(Self.text)
      let stream = numbers + numbers.prefix(1)
      let x = Tensor(stream.dropLast().map { Int32($0) }).expanded(at: 0)
      let y = Tensor(stream.dropFirst().map { Int32($0) }).expanded(at: 0)
      let model = RecurrentDecoder(
        vocabulary: letters.letters.count, width: 12, recurrent: LSTM(32, returnsSequences: true))
      _ = try train(model, steps: 300, until: 0.02, rate: 0.02) { _, context in
        Loss.crossEntropy(model(x, context), y)
      }
      let confusion = try perplexity(model(x), targets: y).scalar(as: Double.self)
      #expect(confusion < 1.1)
      let prompt = letters.numbers("the swift f")
      let greedy = try model.decoding(samples: 1).greedy(from: [prompt], maxNewTokens: 38)
      #expect("the swift f" + letters.text(greedy[0].tokens) == Self.text.dropLast(2))
      func sample(_ seed: Int) throws -> String {
        let found = try model.decoding(samples: 1).sampled(
          from: [prompt], maxNewTokens: 60, filters: [.temperature(2.5), .topK(8)],
          key: RandomKey(seed: seed))
        return letters.text(found[0].tokens)
      }
      let first = try sample(1)
      #expect(try sample(1) == first)
      #expect(try sample(2) != first)
    }
  }

  @Test("truncated backpropagation learns a long stream with the state carried along")
  func truncated() throws {
    try TestExecutor.cpu.run {
      // A period of 7 seen through windows of 5: no window holds all of it.
      let period = [0, 0, 1, 0, 2, 0, 0]
      let stream = (0..<400).map { period[$0 % 7] }
      let model = RecurrentDecoder(
        vocabulary: 3, width: 6, recurrent: GRU(16, returnsSequences: true))
      _ = model(Tensor.zeros([1, 5], dtype: .int32))
      var optimizer = OptimizerState(Adam(learningRate: 0.02), for: model)
      var state: RecurrentDecoderState?
      for step in 0..<240 {
        let begin = step * 5 % 385
        if begin < 5 { state = nil }
        let window = stream[begin..<begin + 6].map { Int32($0) }
        let x = Tensor(Array(window.dropLast())).expanded(at: 0)
        let y = Tensor(Array(window.dropFirst())).expanded(at: 0)
        var next: RecurrentDecoderState?
        let (_, gradients) = model.valueAndGradients {
          let found = model.run(x, from: state, Context(isTraining: true))
          next = found.state.stoppingGradient()
          return Loss.crossEntropy(found.logits, y)
        }
        // Evaluated here, or the graph would grow back to the first window.
        try eval(gradients + [next?.recurrent.hidden].compactMap { $0 })
        try optimizer.update(gradients)
        state = next
      }
      let prompt = stream.prefix(14)
      let found = try model.decoding(samples: 1).greedy(from: [Array(prompt)], maxNewTokens: 21)
      #expect(found[0].tokens == Array(stream[14..<35]))
    }
  }

  @Test("windows with the state carried along give what one pass gives; stateful layers carry it")
  func stateful() throws {
    try TestExecutor.cpu.run {
      let model = RecurrentDecoder(
        vocabulary: 5, width: 3, recurrent: LSTM(4, layers: 2, returnsSequences: true),
        dtype: .float64)
      var random = SplitMix(state: 2)
      let x = Tensor((0..<24).map { _ in Int32.random(in: 0..<5, using: &random) }, shape: [2, 12])
      let all = try model(x).scalars(as: Double.self)
      var state: RecurrentDecoderState?
      var parts: [Tensor] = []
      for begin in stride(from: 0, to: 12, by: 4) {
        let found = model.run(x.sliced(axis: 1, begin..<begin + 4), from: state)
        parts.append(found.logits)
        state = found.state.stoppingGradient()
      }
      try expectClose(concatenated(parts, axis: 1), all, absolute: 1e-12)
    }
  }
}
