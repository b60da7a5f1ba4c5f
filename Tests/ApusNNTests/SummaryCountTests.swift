import ApusCore
import ApusNN
import Testing

/// Figures of summaries, each worked out by hand.
@Suite("figures of summaries") struct SummaryCountTests {
  private func expect(
    _ summary: Summary, parameters: Int, work: Int, output: Shape,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(summary.parameterCount == parameters, sourceLocation: sourceLocation)
    #expect(
      summary.rows.reduce(0) { $0 + $1.parameters } == parameters, sourceLocation: sourceLocation)
    #expect(summary.multiplyAdds == work, "\(summary)", sourceLocation: sourceLocation)
    #expect(summary.rows.last?.output.shape == output, sourceLocation: sourceLocation)
    #expect(summary.activationBytes > 0, sourceLocation: sourceLocation)
  }

  @Test("recurrent layers: each gate reads the input and the state at every step")
  func recurrent() throws {
    let model = Sequential {
      LSTM(5, returnsSequences: true)
      GRU(2, layers: 2, bidirectional: .concatenate)
      Dense(3)
    }
    // x[2, 7, 4]: 14 steps.
    let lstm = (parameters: 20 * 4 + 20 * 5 + 40, work: 14 * 20 * (4 + 5))
    let first = (parameters: 2 * (6 * 5 + 6 * 2 + 12), work: 14 * 2 * 6 * (5 + 2))
    let second = (parameters: 2 * (6 * 4 + 6 * 2 + 12), work: 14 * 2 * 6 * (4 + 2))
    let summary = try model.summary([2, 7, 4])
    expect(
      summary, parameters: lstm.parameters + first.parameters + second.parameters + 4 * 3 + 3,
      work: lstm.work + first.work + second.work + 2 * 4 * 3, output: [2, 3])
    #expect(summary.rows.map(\.path) == ["0", "1", "2", ""])
    #expect(summary.rows.map(\.multiplyAdds) == [lstm.work, first.work + second.work, 24, 0])
    #expect(summary.rows[0].output == TensorType(.float32, [2, 7, 5]))
    #expect(summary.rows[0].activationBytes == 2 * 7 * 5 * 4)
  }

  @Test("attention: four projections, scores and the weighted sum")
  func attention() throws {
    let model = MultiHeadAttention(width: 6, heads: 3)
    // x[2, 5, 6].
    let projections = 2 * 5 * 6 * 6 * 4
    let scores = 2 * 5 * 5 * 6
    let summary = try model.summary(for: [TensorType(.float32, [2, 5, 6])]) { [model($0[0])] }
    expect(
      summary, parameters: 4 * 36 + 4 * 6, work: projections + 2 * scores, output: [2, 5, 6])
  }

  @Test("a Transformer of two inputs, and BERT of tokens")
  func transformers() throws {
    let options = TransformerOptions(width: 4, heads: 2, hidden: 6)
    let model = Transformer(options, encoderLayers: 1, decoderLayers: 1)
    let (source, target) = (TensorType(.float32, [1, 5, 4]), TensorType(.float32, [1, 3, 4]))
    let summary = try model.summary(for: [source, target]) { [model($0[0], target: $0[1])] }
    let (attention, forward, norm) = (4 * 16 + 16, 24 + 6 + 24 + 4, 8)
    let encoder = attention + forward + 2 * norm + norm
    let decoder = 2 * attention + forward + 3 * norm + norm
    // Cross-attention projects 3 queries and outputs, and 5 keys and values.
    let work =
      (5 * 64 + 2 * 25 * 4 + 5 * 48)
      + (3 * 64 + 2 * 9 * 4 + 2 * 3 * 16 + 2 * 5 * 16 + 2 * 15 * 4 + 3 * 48)
    expect(summary, parameters: encoder + decoder, work: work, output: [1, 3, 4])

    let bert = BERTEncoder(
      embeddings: BERTEmbeddings(vocabulary: 9, width: 4, positions: 7), options, layers: 1,
      hasPooler: false)
    let tokens = TensorType(.int32, [1, 5])
    let words = (9 + 7 + 2) * 4 + norm
    let read = try bert.summary(for: [tokens]) { [bert($0[0])] }
    expect(
      read, parameters: words + attention + forward + 2 * norm,
      work: 5 * 64 + 2 * 25 * 4 + 5 * 48, output: [1, 5, 4])
  }

  @Test("convolutions: depthwise, transposed, grouped and in three axes")
  func convolutions() throws {
    expect(
      try DepthwiseConv2D(kernel: 3, multiplier: 2).summary([1, 6, 5, 4]),
      parameters: 8 * 9 + 8, work: 4 * 3 * 8 * 9, output: [1, 4, 3, 8])
    // Every element of the input meets every weight.
    expect(
      try ConvTranspose2D(5, kernel: 3, stride: 2).summary([1, 4, 3, 2]),
      parameters: 2 * 5 * 9 + 5, work: 4 * 3 * 2 * 5 * 9, output: [1, 9, 7, 5])
    expect(
      try Conv3D(6, kernel: 2).summary([1, 3, 4, 5, 2]), parameters: 6 * 2 * 8 + 6,
      work: 2 * 3 * 4 * 6 * 2 * 8, output: [1, 2, 3, 4, 6])
    expect(
      try Conv2D(6, kernel: 1, groups: 2).summary([1, 2, 2, 4]), parameters: 6 * 2 + 6,
      work: 4 * 6 * 2, output: [1, 2, 2, 6])
  }

  @Test("branches, recomputed and derived parts")
  func containers() throws {
    let branches = Branches([Dense(3), Dense(2)])
    expect(
      try branches.summary([4, 5]), parameters: 15 + 3 + 10 + 2, work: 4 * 25, output: [4, 5])
    let recomputed = Sequential {
      Recompute {
        LSTM(2)
        Dense(3)
      }
      Dense(2)
    }
    expect(
      try recomputed.summary([1, 3, 2]), parameters: 8 * 2 + 8 * 2 + 16 + 9 + 8,
      work: 3 * 8 * 4 + 6 + 6, output: [1, 2])
    // Length and direction: one more number for each output.
    expect(
      try Dense(3).deriving(\.weight, by: WeightNorm()).summary([4, 5]), parameters: 15 + 3 + 3,
      work: 4 * 15, output: [4, 3])
    let spectral = try Dense(3).deriving(\.weight, by: SpectralNorm()).summary([4, 5])
    #expect(spectral.parameterCount == 18)
    #expect(spectral.bufferCount == 3 + 5)
  }
}
