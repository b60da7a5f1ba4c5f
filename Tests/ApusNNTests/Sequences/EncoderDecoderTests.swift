import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("encoder-decoders") struct EncoderDecoderTests {
  private static let (start, end) = (1, 0)

  private func model(_ placement: AttentionPlacement) -> Seq2Seq {
    Seq2Seq(
      encoder: RecurrentEncoder(
        vocabulary: 8, width: 10,
        recurrent: GRU(16, bidirectional: .concatenate, returnsSequences: true)),
      decoder: RecurrentDecoder(
        vocabulary: 8, width: 10, recurrent: GRU(24, returnsSequences: true),
        attention: placement == .beforeStep
          ? AdditiveAttention(16)
          : DotAttention(.general(queryFeatures: 24)) as any RecurrentAttention,
        placement: placement))
  }

  @Test(
    "many to many, delayed: learns to write digits backwards",
    arguments: [AttentionPlacement.afterStep, .afterStepFed, .beforeStep])
  func reversal(_ placement: AttentionPlacement) throws {
    try TestExecutor.cpu.run {
      var random = SplitMix(state: 8)
      let sources = (0..<64).map { _ in
        (0..<Int.random(in: 1...5, using: &random)).map { _ in
          Int.random(in: 2..<8, using: &random)
        }
      }
      let targets = sources.map { $0.reversed() + [Self.end] }
      let (source, target) = (paddedSequences(sources), paddedSequences(targets))
      let x = target.tokens.shiftedRight(first: Self.start)
      let model = model(placement)
      let last = try train(model, steps: 250, until: 0.03, rate: 0.02) { _, context in
        let logits = model(source.tokens, x, lengths: source.lengths, context)
        return softmaxCrossEntropy(logits: logits, labels: target.tokens)
          .maskedMean(target.mask)
      }
      #expect(last < 0.1)
      let decoder = model.decoding(source.tokens, lengths: source.lengths)
      let prompts = sources.map { _ in [Self.start] }
      let greedy = try decoder.greedy(from: prompts, maxNewTokens: 8, endTokens: [Self.end])
      let hits = zip(greedy, targets).count { $0.tokens == $1 }
      #expect(hits >= 60, "\(hits) of 64 by greedy decoding")
      let beams = try decoder.beamSearch(
        from: prompts, width: 3, lengthPenalty: .wu(alpha: 0.6), maxNewTokens: 8,
        endTokens: [Self.end])
      let found = zip(beams, targets).count { $0.first?.tokens == $1 }
      #expect(found >= hits - 1, "\(found) of 64 by beam search, \(hits) by greedy decoding")
    }
  }

  @Test("steps of decoding give what teacher forcing gives", arguments: [false, true])
  func steps(_ isFed: Bool) throws {
    try TestExecutor.cpu.run {
      let model = model(isFed ? .afterStepFed : .beforeStep)
      let source = paddedSequences([[2, 3, 4], [5]])
      let greedy = try model.decoding(source.tokens, lengths: source.lengths).greedy(
        from: [[1], [1, 6, 2]], maxNewTokens: 6)
      for (index, prompt) in [[1], [1, 6, 2]].enumerated() {
        let tokens = prompt + greedy[index].tokens
        let x = Tensor(tokens.dropLast().map { Int32($0) }).expanded(at: 0)
        let logits = model(
          source.tokens[index..<index + 1], x, lengths: source.lengths[index..<index + 1])
        let best = try logits.argmax(axis: 2).scalars(as: Int32.self).map { Int($0) }
        #expect(Array(best.dropFirst(prompt.count - 1)) == greedy[index].tokens)
      }
    }
  }

  @Test("always true tokens are teacher forcing, never true ones are greedy decoding")
  func forcing() throws {
    try TestExecutor.cpu.run {
      for placement in [AttentionPlacement.afterStep, .afterStepFed, .beforeStep] {
        let model = model(placement)
        let source = Tensor([2, 3, 4, 5, 6, 7] as [Int32], shape: [2, 3])
        let x = Tensor([1, 2, 3, 4, 1, 5, 6, 7] as [Int32], shape: [2, 4])
        let full = try model(source, x).scalars(as: Double.self)
        try expectClose(model(source, x, forcing: .scheduled(1)), full, absolute: 1e-5)
        let free = try model(source, x, forcing: .scheduled(0)).argmax(axis: 2)
          .scalars(as: Int32.self).map { Int($0) }
        let greedy = try model.decoding(source).greedy(from: [[1], [1]], maxNewTokens: 4)
        #expect(free == greedy.flatMap(\.tokens))
      }
    }
  }

  @Test("scheduled sampling keeps true tokens with the probability asked for, by the key")
  func schedule() throws {
    try TestExecutor.cpu.run {
      // Identity weights: the logits tell which token was seen, and the own token is always 0.
      let decoder = RecurrentDecoder(
        vocabulary: 2, width: 1,
        recurrent: RNN(
          1, returnsSequences: true, useBias: false,
          initializers: RecurrentInitializers(input: .ones, recurrent: .zeros)))
      let x = Tensor.ones([400, 11], dtype: .int32)
      _ = decoder(x)
      try decoder.embedding.weight.assign(Tensor([-1, 1] as [Float], shape: [2, 1]))
      try decoder.output.weight.assign(Tensor([0, 1e-3] as [Float], shape: [2, 1]))
      try decoder.output.bias?.assign(Tensor([1, 0] as [Float]))
      func seen(_ probability: Double, seed: Int) throws -> [Bool] {
        let context = Context(isTraining: true, key: RandomKey(seed: seed))
        let logits = decoder.run(x, forcing: .scheduled(probability), context).logits
        return try (logits.sliced(axis: 2, 1..<2)).scalars(as: Float.self).map { $0 > 0 }
      }
      let all = try seen(0.7, seed: 3)
      let first = stride(from: 0, to: all.count, by: 11).map { all[$0] }
      #expect(first.allSatisfy { $0 }, "the first token is always the true one")
      let later = all.indices.filter { $0 % 11 > 0 }.map { all[$0] }
      // 4,000 draws: a deviation of 29.
      #expect(abs(later.count { $0 } - 2800) < 150)
      #expect(try seen(0.7, seed: 3) == all)
      #expect(try seen(0.7, seed: 4) != all)
    }
  }

  @Test("scheduled sampling trains, with a probability that is data and costs no new plan")
  func scheduledTraining() throws {
    try TestExecutor.cpu.run {
      let model = model(.afterStep)
      let source = Tensor([2, 3, 4, 5, 6, 7, 3, 2, 5] as [Int32], shape: [3, 3])
      let target = source.flipped(axes: [1])
      let x = target.shiftedRight(first: 1)
      let last = try train(model, steps: 150, until: 0.05) { step, context in
        let probability = Tensor([Float(max(0.2, 1 - Double(step) / 100))], shape: [])
        let logits = model(
          source, x, forcing: .scheduled(probability: probability, .drawn), context)
        return Loss.crossEntropy(logits, target)
      }
      #expect(last < 0.2)
    }
  }

  @Test("a thousand steps are one loop in the plan, with feedback too")
  func long() throws {
    try TestExecutor.cpu.run {
      let decoder = RecurrentDecoder(
        vocabulary: 4, width: 2, recurrent: GRU(2, returnsSequences: true),
        attention: DotAttention(), placement: .afterStepFed)
      let memory = AttentionMemory(keys: .ones([1, 3, 2]), values: .ones([1, 3, 2]))
      func size(_ steps: Int) throws -> Int {
        let x = Tensor.zeros([1, steps], dtype: .int32)
        let (value, gradients) = decoder.valueAndGradients {
          decoder.run(x, memory: memory).logits.sum()
        }
        return try Graph.capture([value] + gradients).graph.instructions.count
      }
      _ = decoder.run(Tensor.zeros([1, 2], dtype: .int32), memory: memory)
      let sizes = try [10, 1000].map(size)
      #expect(sizes[0] == sizes[1])
    }
  }
}
