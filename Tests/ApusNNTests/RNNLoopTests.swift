import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("loops over cells") struct RNNLoopTests {
  /// A cell of one's own: a leaky average of a dense layer.
  final class LeakyCell: StepCell {
    let gain = Dense(3, activation: .tanh)

    func initialState(for x: TensorType) -> [Tensor] { [.zeros([x[0], 3], dtype: x.dtype)] }

    func step(
      _ x: Tensor, _ state: [Tensor], _ context: Context
    ) -> (output: Tensor, state: [Tensor]) {
      let h = state[0] * 0.9 + gain(x) * 0.1
      return (h * 2, [h])
    }
  }

  private let x = RecurrentLayerTests.sequence(3, 4, 2)

  @Test("a cell of one's own equals its steps by hand, both ways", arguments: [false, true])
  func ownCell(reversed: Bool) throws {
    let cell = LeakyCell()
    let loop = RNNLoop(cell, returnsSequences: true, isReversed: reversed)
    let y = loop(x)
    #expect(loop.parameters.map(\.path) == ["cell.gain.weight", "cell.gain.bias"])
    var state: [Tensor]?
    for t in reversed ? [3, 2, 1, 0] : [0, 1, 2, 3] {
      let step = cell(x.sliced(axis: 1, t..<(t + 1)).squeezed(axes: [1]), state)
      state = step.state
      try expectClose(
        y.sliced(axis: 1, t..<(t + 1)).squeezed(axes: [1]),
        try step.output.scalars(as: Double.self))
    }
    let last = RNNLoop(cell, isReversed: reversed)(x)
    let place = reversed ? 0 : 3
    try expectSameBits([last], [y.sliced(axis: 1, place..<(place + 1)).squeezed(axes: [1])])
  }

  @Test("gradients of a loop reach the cell's parameters")
  func gradients() throws {
    let loop = RNNLoop(LeakyCell())
    _ = loop(x)
    let (_, slopes) = loop.valueAndGradients { loop(x).square().sum() }
    #expect(slopes.count == 2)
    for slope in slopes {
      #expect(try slope.scalars(as: Double.self).contains { $0 != 0 })
    }
  }

  @Test("lengths end samples early, in both directions", arguments: [false, true])
  func lengths(reversed: Bool) throws {
    let loop = RNNLoop(LeakyCell(), isReversed: reversed)
    let lengths = [4, 1, 2]
    let (y, state) = loop.run(x, lengths: Tensor(lengths.map { Int32($0) }))
    for (sample, length) in lengths.enumerated() {
      let alone = x.sliced(axis: 0, sample..<(sample + 1)).sliced(axis: 1, 0..<length)
      let (expected, end) = loop.run(alone)
      let range = sample..<(sample + 1)
      try expectClose(y.sliced(axis: 0, range), try expected.scalars(as: Double.self))
      try expectClose(state[0].sliced(axis: 0, range), try end[0].scalars(as: Double.self))
    }
  }

  @Test("no samples give no outputs, with and without lengths")
  func emptyBatch() throws {
    let loop = RNNLoop(LeakyCell(), returnsSequences: true)
    let none = Tensor.zeros([0, 4, 2], dtype: .float64)
    #expect(try loop(none).scalars(as: Double.self).isEmpty)
    let masked = loop.run(none, lengths: Tensor([Int32](), shape: [0])).output
    #expect(masked.shape == [0, 4, 3])
    #expect(try masked.scalars(as: Double.self).isEmpty)
  }

  @Test("a cell in a loop equals the layer that runs sequences whole")
  func sameFormulas() throws {
    let layer = LSTM(3, returnsSequences: true)
    let cell = LSTMCell(3)
    let loop = RNNLoop(cell, returnsSequences: true)
    _ = layer(x)
    _ = loop(x)
    for (mine, theirs) in zip(layer.parameters, loop.parameters) {
      try theirs.parameter.assign(mine.parameter.value)
    }
    try expectClose(loop(x), try layer(x).scalars(as: Double.self))
  }
}
