import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// The ways in which inputs and outputs of sequences are arranged, each by a model that learns a small
/// task to the last token.
@Suite("arrangements of sequences") struct ArrangementTests {
  @Test("one to one: a class for each input, without time")
  func oneToOne() throws {
    try TestExecutor.cpu.run {
      let x = Tensor([0, 0, 0, 1, 1, 0, 1, 1] as [Float], shape: [4, 2])
      let labels = Tensor([0, 1, 1, 0] as [Int32])
      let model = Sequential {
        Dense(8, activation: .tanh)
        Dense(2)
      }
      _ = try train(model, steps: 300, until: 0.01, rate: 0.05) { _, context in
        Loss.crossEntropy(model(x, context), labels)
      }
      let found = try model(x).argmax(axis: 1).scalars(as: Int32.self)
      #expect(found == [0, 1, 1, 0])
    }
  }

  /// Writes a row of tokens for a class: the class is the state that a decoder starts from.
  private final class Writer: Module {
    let start = Embedding(3, width: 16)
    let decoder = RecurrentDecoder(
      vocabulary: 6, width: 8, recurrent: GRU(16, returnsSequences: true))

    func state(_ classes: Tensor) -> RecurrentDecoderState {
      RecurrentDecoderState(recurrent: RecurrentState(hidden: start(classes).expanded(at: 0)))
    }
  }

  @Test("one to many: a class becomes a sequence")
  func oneToMany() throws {
    try TestExecutor.cpu.run {
      let model = Writer()
      let classes = Tensor([0, 1, 2] as [Int32])
      let rows = [[1, 2, 3, 4, 0], [4, 4, 1, 0], [2, 0]]
      let table = paddedSequences(rows)
      let x = table.tokens.shiftedRight(first: 5)
      let last = try train(model, steps: 300, until: 0.02) { _, context in
        let logits = model.decoder.run(x, from: model.state(classes), context).logits
        return softmaxCrossEntropy(logits: logits, labels: table.tokens).maskedMean(table.mask)
      }
      #expect(last < 0.02)
      let written = try model.decoder.decoding(samples: 3, from: model.state(classes)).greedy(
        from: [[5], [5], [5]], maxNewTokens: 8, endTokens: [0])
      #expect(written.map(\.tokens) == rows)
    }
  }

  @Test("many to one: a class for a sequence of any length")
  func manyToOne() throws {
    try TestExecutor.cpu.run {
      final class Reader: Module {
        let embedding = Embedding(4, width: 8)
        let recurrent = LSTM(12)
        let output = Dense(4)
        func callAsFunction(_ table: PaddedSequences) -> Tensor {
          output(recurrent(embedding(table.tokens), lengths: table.lengths))
        }
      }
      // The class is the first token, whatever follows.
      var random = SplitMix(state: 3)
      func draw(_ count: Int) -> [[Int]] {
        (0..<count).map { _ in
          (0..<Int.random(in: 1...6, using: &random)).map { _ in
            Int.random(in: 0..<4, using: &random)
          }
        }
      }
      func labels(_ rows: [[Int]]) -> Tensor { Tensor(rows.map { Int32($0[0]) }) }
      let (rows, others) = (draw(48), draw(30))
      let table = paddedSequences(rows)
      let model = Reader()
      _ = try train(model, steps: 200, until: 0.02) { _, _ in
        Loss.crossEntropy(model(table), labels(rows))
      }
      let found = try model(paddedSequences(others)).argmax(axis: 1).scalars(as: Int32.self)
      let hits = zip(found, others).count { Int($0) == $1[0] }
      #expect(hits >= 27, "\(hits) of 30 sequences that were not trained on")
    }
  }

  @Test("many to many, aligned: a label for every step")
  func aligned() throws {
    try TestExecutor.cpu.run {
      // Each label is the token before, and 0 at first.
      var random = SplitMix(state: 5)
      let tokens = Tensor(
        (0..<160).map { _ in Int32.random(in: 0..<4, using: &random) }, shape: [20, 8])
      let labels = tokens.shiftedRight(first: 0)
      let model = Sequential {
        Embedding(4, width: 8)
        GRU(16, returnsSequences: true)
        Dense(4)
      }
      _ = try train(model, steps: 200, until: 0.02, rate: 0.03) { _, context in
        Loss.crossEntropy(model(tokens, context), labels)
      }
      let other = Tensor([3, 1, 0, 2, 2, 1] as [Int32], shape: [1, 6])
      let found = try model(other).argmax(axis: 2).scalars(as: Int32.self)
      #expect(found == [0, 3, 1, 0, 2, 2])
    }
  }

  @Test("padded batches give what each sequence gives by itself")
  func padding() throws {
    try TestExecutor.cpu.run {
      let model = Seq2Seq(
        encoder: RecurrentEncoder(
          vocabulary: 5, width: 3,
          recurrent: LSTM(4, bidirectional: .concatenate, returnsSequences: true),
          dtype: .float64),
        decoder: RecurrentDecoder(
          vocabulary: 5, width: 3, recurrent: LSTM(4, returnsSequences: true),
          attention: AdditiveAttention(4), placement: .beforeStep, dtype: .float64))
      let rows = [[1, 2, 3, 4], [2], [4, 4, 1]]
      let x = Tensor([0, 2, 1, 0, 1, 3, 0, 4, 2] as [Int32], shape: [3, 3])
      let table = paddedSequences(rows, padding: 3, steps: 6)
      let all = try model(table.tokens, x, lengths: table.lengths).scalars(as: Double.self)
      for (index, row) in rows.enumerated() {
        let alone = model(paddedSequences([row]).tokens, x[index].expanded(at: 0))
        try expectClose(alone, Array(all[index * 15..<(index + 1) * 15]), absolute: 1e-12)
      }
    }
  }
}
