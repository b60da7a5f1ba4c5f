import Apus
import Testing

/// The examples of the article on sequences.
@Suite("article: sequences") struct SequencesArticle {
  @Test("many to one, many to many, different lengths")
  func lengths() throws {
    let mood = Sequential {
      Embedding(10_000, width: 64)
      LSTM(64)  // the output of the last step
      Dense(2)
    }
    let tags = Sequential {
      Embedding(10_000, width: 64)
      GRU(64, bidirectional: .concatenate, returnsSequences: true)
      Dense(17)  // for every step
    }
    let type = TensorType(.int32, [3, 7])
    #expect(try mood.build(type, seed: 1).shape == [3, 2])
    #expect(try tags.build(type, seed: 1).shape == [3, 7, 17])

    let (embedding, gru) = (Embedding(5, width: 8), GRU(16, returnsSequences: true))
    let output = Dense(5)
    let targets = paddedSequences([[2, 3, 0], [0]])
    let table = paddedSequences([[1, 2, 3], [4]])
    let y = gru(embedding(table.tokens), lengths: table.lengths)
    let logits = output(y)  // a Dense layer
    let rows = softmaxCrossEntropy(logits: logits, labels: targets.tokens)
    let loss = rows.maskedMean(targets.mask)
    #expect(try loss.scalar() > 0)
  }

  @Test("encoder and decoder")
  func translation() throws {
    let (start, end) = (10, 11)
    let source = paddedSequences([[1, 2, 3], [4]])
    let target = paddedSequences([[3, 2, 1, end], [4, end]])
    let prompts = [[start], [start]]
    let model = Seq2Seq(
      encoder: RecurrentEncoder(
        vocabulary: 12, width: 16,
        recurrent: GRU(32, bidirectional: .concatenate, returnsSequences: true)),
      decoder: RecurrentDecoder(
        vocabulary: 12, width: 16, recurrent: GRU(32, returnsSequences: true),
        attention: AdditiveAttention(32), placement: .beforeStep))

    let x = target.tokens.shiftedRight(first: start)
    let logits = model(source.tokens, x, lengths: source.lengths)
    let written = try model.decoding(source.tokens, lengths: source.lengths).beamSearch(
      from: prompts, width: 4, lengthPenalty: .wu(alpha: 0.6), maxNewTokens: 20, endTokens: [end])
    #expect(logits.shape == [2, 4, 12])
    #expect(written.count == 2)
  }

  @Test("a long stream in windows")
  func stream() throws {
    let model = RecurrentDecoder(
      vocabulary: 6, width: 8, recurrent: LSTM(16, returnsSequences: true))
    let tokens = Tensor((0..<42).map { Int32($0 % 5) }, shape: [2, 21])
    let windows = stride(from: 0, to: 20, by: 5).map { at in
      (x: tokens.sliced(axis: 1, at..<at + 5), y: tokens.sliced(axis: 1, at + 1..<at + 6))
    }
    try model.build(windows[0].x.type, seed: 1)
    var optimizer = OptimizerState(Adam(), for: model)
    var state: RecurrentDecoderState?
    for window in windows {
      var next: RecurrentDecoderState?
      let (_, gradients) = model.valueAndGradients {
        let found = model.run(window.x, from: state)
        next = found.state.stoppingGradient()
        return Loss.crossEntropy(found.logits, window.y)
      }
      try eval(gradients + [next?.recurrent.hidden].compactMap { $0 })
      try optimizer.update(gradients)
      state = next
    }
    #expect(state?.recurrent.hidden.isEvaluated == true)
  }
}
