import Apus
import Testing

/// The examples of the article on recurrent networks.
@Suite("article: recurrent networks") struct RecurrentArticle {
  @Test("a class of a sequence, lengths, states")
  func recurrent() throws {
    let model = Sequential {
      LSTM(64, layers: 2, dropout: 0.2)  // [N, T, F] → [N, 64]
      Dense(10)
    }
    let scores = model(Tensor.zeros([8, 20, 16]))  // [8, 10]
    #expect(try scores.scalars().count == 80)

    let encoder = GRU(32, bidirectional: .concatenate, returnsSequences: true)
    let x = Tensor.zeros([3, 7, 5])
    let lengths = Tensor([7, 2, 4] as [Int32])
    let (outputs, state) = encoder.run(x, lengths: lengths)
    // outputs[3, 7, 64] are zero past each sample's end; state.hidden[2, 3, 32] is of its own last step.
    try eval(outputs, state.hidden)
    #expect(outputs.shape == [3, 7, 64])
    #expect(state.hidden.shape == [2, 3, 32])
    #expect(try outputs[1][2..<7].abs().max().scalar() == 0)
  }
}
