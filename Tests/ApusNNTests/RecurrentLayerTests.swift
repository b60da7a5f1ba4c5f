import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("recurrent layers") struct RecurrentLayerTests {
  /// A sequence `[N, T, F]` of float64.
  static func sequence(_ n: Int, _ t: Int, _ f: Int, seed: UInt64 = 1) -> Tensor {
    var random = SplitMix(state: seed)
    let values = (0..<(n * t * f)).map { _ in Double.random(in: -1..<1, using: &random) }
    return Tensor(values, shape: [n, t, f])
  }

  private static let makers: [@Sendable (RecurrentSettings) -> any RecurrentLayer] = [
    { RNN($0.units, settings: $0) }, { LSTM($0.units, settings: $0) },
    { GRU($0.units, settings: $0) },
  ]

  private func values(_ x: Tensor) throws -> [Double] { try x.scalars(as: Double.self) }

  @Test("parameters have PyTorch's names and order")
  func names() throws {
    let layer = LSTM(3, layers: 2, bidirectional: .concatenate)
    try layer.build(TensorType(.float32, [2, 4, 5]), seed: 1)
    let suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"]
    let names = suffixes.flatMap { suffix in
      ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map { $0 + suffix }
    }
    #expect(layer.parameters.map(\.path) == names)
    #expect(layer.parameters[8].parameter.type == TensorType(.float32, [12, 6]))
    let model = Sequential {
      GRU(2)
      Dense(1)
    }
    #expect(model.parameters.first?.path == "0.weight_ih_l0")
  }

  @Test("two halves with the state passed on equal the whole", arguments: 0..<3)
  func passedStates(_ kind: Int) throws {
    let layer = Self.makers[kind](RecurrentSettings(layers: 2))
    let x = Self.sequence(3, 6, 2)
    let whole = layer.run(x)
    let first = layer.run(x.sliced(axis: 1, 0..<2))
    let second = layer.run(x.sliced(axis: 1, 2..<6), from: first.state)
    let joined = concatenated([first.output, second.output], axis: 1)
    try expectClose(joined, try values(whole.output), shape: whole.output.shape)
    try expectClose(second.state.hidden, try values(whole.state.hidden))
  }

  @Test("a stateful layer goes on where it was, and begins anew after a reset", arguments: 0..<3)
  func stateful(_ kind: Int) throws {
    let layer = Self.makers[kind](RecurrentSettings(layers: 2, stateful: true))
    let plain = Self.makers[kind](RecurrentSettings(layers: 2))
    let x = Self.sequence(3, 6, 2)
    try layer.build(x.type, seed: 5)
    try plain.build(x.type, seed: 5)
    #expect(layer.buffers.map(\.path) == ["hidden_state"] + (kind == 1 ? ["cell_state"] : []))
    let whole = try values(plain.run(x).output)
    func halves(_ context: () -> Context) throws -> [Double] {
      var parts: [Tensor] = []
      for range in [0..<2, 2..<6] {
        let context = context()
        parts.append(layer(x.sliced(axis: 1, range), context))
        try context.applyUpdates()
      }
      return try values(concatenated(parts, axis: 1))
    }
    expectClose(try halves { Context(isTraining: false) }, whole)
    #expect(try halves { Context(isTraining: false) } != whole)
    try layer.resetState()
    expectClose(try halves { Context(isTraining: true) }, whole)
    // Two calls in one step follow each other too.
    try layer.resetState()
    let context = Context(isTraining: true)
    let parts = [0..<2, 2..<6].map { layer(x.sliced(axis: 1, $0), context) }
    expectClose(try values(concatenated(parts, axis: 1)), whole)
    // A call without a context of its own leaves the state alone.
    try layer.resetState()
    _ = try values(layer(x))
    #expect(try values(layer.keptState?.hidden ?? x).allSatisfy { $0 == 0 })
  }

  @Test("windows that cover the sequence give full backpropagation", arguments: 0..<3)
  func coveringWindow(_ kind: Int) throws {
    let layer = Self.makers[kind](RecurrentSettings())
    let x = Self.sequence(2, 5, 3)
    let full = gradient(at: x) { layer.run($0).output.square().sum() }
    for window in [5, 6, .max] {
      let cut = gradient(at: x) { layer.runTruncated($0, window: window).output.square().sum() }
      try expectSameBits([cut], [full])
    }
  }

  @Test(
    "a short window keeps the values and cuts what steps owe to earlier windows", arguments: 0..<3)
  func shortWindow(_ kind: Int) throws {
    let layer = Self.makers[kind](RecurrentSettings())
    let x = Self.sequence(2, 5, 3)
    let whole = layer.run(x)
    let cut = layer.runTruncated(x, window: 2)
    try expectClose(cut.output, try values(whole.output))
    try expectClose(cut.state.hidden, try values(whole.state.hidden))
    // The last step depends on all steps, but gradients reach its own window alone.
    let slope = gradient(at: x) {
      layer.runTruncated($0, window: 2).output.sliced(axis: 1, 4..<5).sum()
    }
    let full = gradient(at: x) { layer.run($0).output.sliced(axis: 1, 4..<5).sum() }
    let (mine, theirs) = (try values(slope), try values(full))
    for sample in 0..<2 {
      for step in 0..<5 {
        for feature in 0..<3 {
          let place = (sample * 5 + step) * 3 + feature
          if step == 4 {
            #expect(abs(mine[place] - theirs[place]) < 1e-12)
          } else {
            #expect(mine[place] == 0)
            #expect(theirs[place] != 0)
          }
        }
      }
    }
    // All together: the sum over windows of their own gradients from a state held fixed.
    let total = gradient(at: x) { layer.runTruncated($0, window: 2).output.sum() }
    var state: RecurrentState?
    var parts: [Tensor] = []
    for range in [0..<2, 2..<4, 4..<5] {
      let part = x.sliced(axis: 1, range)
      let start = state
      parts.append(gradient(at: part) { layer.run($0, from: start).output.sum() })
      state = layer.run(part, from: start).state
    }
    try expectClose(total, try values(concatenated(parts, axis: 1)))
  }

  @Test("windows respect lengths")
  func windowsAndLengths() throws {
    let layer = GRU(3, returnsSequences: true)
    let x = Self.sequence(3, 5, 2)
    let lengths = Tensor([5, 1, 3] as [Int32])
    let whole = layer.run(x, lengths: lengths)
    let cut = layer.runTruncated(x, window: 2, lengths: lengths)
    try expectClose(cut.output, try values(whole.output))
    try expectClose(cut.state.hidden, try values(whole.state.hidden))
  }

  @Test("with lengths the last output is that of each sample's own last step", arguments: 0..<3)
  func lastOutputs(_ kind: Int) throws {
    let x = Self.sequence(3, 5, 2)
    let lengths = [5, 1, 3]
    for merge in [nil, DirectionMerge.concatenate] {
      let layer: any RecurrentLayer =
        switch kind {
        case 0: RNN(4, bidirectional: merge)
        case 1: LSTM(4, bidirectional: merge)
        default: GRU(4, bidirectional: merge)
        }
      let y = layer(x, lengths: Tensor(lengths.map { Int64($0) }))
      for (sample, length) in lengths.enumerated() {
        let alone = x.sliced(axis: 0, sample..<(sample + 1)).sliced(axis: 1, 0..<length)
        try expectClose(
          y.sliced(axis: 0, sample..<(sample + 1)), try values(layer(alone)), absolute: 1e-12)
      }
    }
  }

  @Test("merges combine what the two directions give")
  func merges() throws {
    let x = Self.sequence(2, 4, 3)
    func output(_ merge: DirectionMerge?) throws -> [Double] {
      let layer = LSTM(2, bidirectional: merge, returnsSequences: true)
      try layer.build(x.type, seed: 3)
      return try values(layer(x))
    }
    let both = try output(.concatenate)
    var pairs: [(Double, Double)] = []
    for row in 0..<8 {
      for unit in 0..<2 { pairs.append((both[row * 4 + unit], both[row * 4 + 2 + unit])) }
    }
    expectClose(try output(.sum), pairs.map { $0 + $1 })
    expectClose(try output(.mean), pairs.map { ($0 + $1) / 2 })
    expectClose(try output(.multiply), pairs.map { $0 * $1 })
  }

  @Test("both layouts give the same values, and a sequential model the last output")
  func layouts() throws {
    let x = Self.sequence(2, 4, 3)
    let first = GRU(3, layers: 2, returnsSequences: true)
    let time = GRU(3, layers: 2, returnsSequences: true, layout: .timeFirst)
    try first.build(x.type, seed: 2)
    try time.build(TensorType(.float64, [4, 2, 3]), seed: 2)
    let swapped = time(x.transposed(permutation: [1, 0, 2])).transposed(permutation: [1, 0, 2])
    try expectSameBits([first(x)], [swapped])
    let last = GRU(3, layers: 2)
    try last.build(x.type, seed: 2)
    try expectSameBits([last(x)], [first(x).sliced(axis: 1, 3..<4).squeezed(axes: [1])])
    let model = Sequential {
      LSTM(5, returnsSequences: true)
      GRU(4)
      Dense(2)
    }
    #expect(model(x).shape == [2, 2])
  }

  @Test("dropout acts between layers, in training alone")
  func dropout() throws {
    let x = Self.sequence(2, 4, 3)
    let layer = RNN(8, layers: 2, dropout: 0.5)
    try layer.build(x.type, seed: 2)
    let plain = RNN(8, layers: 2)
    try plain.build(x.type, seed: 2)
    try expectSameBits([layer(x)], [plain(x)])
    let training = layer(x, Context(isTraining: true, key: RandomKey(seed: 1)))
    #expect(try values(training) != values(plain(x)))
    let again = layer(x, Context(isTraining: true, key: RandomKey(seed: 1)))
    try expectSameBits([training], [again])
    let single = RNN(8, dropout: 0.5)
    let key = Context(isTraining: true, key: RandomKey(seed: 1))
    try expectSameBits([single(x, key)], [single(x)])
  }

  @Test("1,000 steps train with finite gradients", arguments: 0..<3)
  func longSequence(_ kind: Int) throws {
    let layer = Self.makers[kind](RecurrentSettings(layers: 2))
    let x = Self.sequence(2, 1000, 2).converted(to: .float32)
    _ = layer(x)
    let (loss, slopes) = layer.valueAndGradients { layer.run(x).output.square().mean() }
    #expect(try loss.scalar(as: Float.self).isFinite)
    #expect(slopes.count == 8)
    for slope in slopes { #expect(try slope.scalars(as: Float.self).allSatisfy { $0.isFinite }) }
  }

  @Test("one and two threads give the same bits in deterministic mode", arguments: 0..<3)
  func threads(_ kind: Int) throws {
    let x = Self.sequence(33, 9, 24).converted(to: .float32)
    let results = try [1, 2].map { threads in
      let configuration = CPUConfiguration(threads: threads, isDeterministic: true)
      return try Executors.with(CPUExecutor(configuration)) {
        let layer = Self.makers[kind](RecurrentSettings(units: 48, layers: 2))
        try layer.build(x.type, seed: 9)
        let (loss, slopes) = layer.valueAndGradients { layer.run(x).output.square().sum() }
        return try ([loss] + slopes).map { try $0.bytes() }
      }
    }
    #expect(results[0] == results[1])
  }

  /// Numbers in -1..<1 that PyTorch's side of the benchmark draws alike.
  private func numbers(_ shape: Shape, seed: Int) -> Tensor {
    var state = UInt64(seed)
    let values = (0..<shape.count).map { _ in
      state = (state &* 1_103_515_245 &+ 12345) & 0x7fff_ffff
      return Double(state >> 15) / 32768 - 1
    }
    return Tensor(values, shape: shape, dtype: .float32)
  }

  @Test("the networks of the benchmark start with PyTorch's loss", arguments: [1, 2])
  func firstLoss(_ kind: Int) throws {
    // Printed by PyTorch 2.13.0 for the numbers drawn below.
    let expected = kind == 1 ? 2.303715229 : 2.303283930
    let recurrent: any RecurrentLayer = kind == 1 ? LSTM(256, layers: 2) : GRU(256, layers: 2)
    let model = Sequential([recurrent, Dense(10)])
    let x = numbers([32, 64, 128], seed: 100)
    try model.build(x.type, seed: 1)
    for (index, entry) in model.parameters.enumerated() {
      let shape = entry.parameter.type?.shape ?? []
      try entry.parameter.assign(numbers(shape, seed: index + 1) * 0.0625)
    }
    let labels = Tensor((0..<32).map { Int32($0 * 7 % 10) })
    let loss = try Loss.crossEntropy(model(x), labels).scalar(as: Double.self)
    #expect(abs(loss - expected) < 2e-6, "\(loss)")
  }

  @Test("the examples of the article give the shapes it tells")
  func articleExamples() {
    let model = Sequential {
      LSTM(64, layers: 2, dropout: 0.2)  // [N, T, F] → [N, 64]
      Dense(10)
    }
    let scores = model(Tensor.zeros([8, 20, 16]))
    #expect(scores.shape == [8, 10])
    let encoder = GRU(32, bidirectional: .concatenate, returnsSequences: true)
    let x = Tensor.zeros([3, 7, 5])
    let lengths = Tensor([7, 2, 4] as [Int32])
    let (outputs, state) = encoder.run(x, lengths: lengths)
    #expect(outputs.shape == [3, 7, 64] && state.hidden.shape == [2, 3, 32])
    let source = Tensor.zeros([3, 7, 5])
    let target = Tensor.zeros([3, 4, 5])
    let (reader, decoder) = (LSTM(8), LSTM(8, returnsSequences: true))
    let (_, summary) = reader.run(source)
    let (y, _) = decoder.run(target, from: summary)
    #expect(y.shape == [3, 4, 8])
  }
}
