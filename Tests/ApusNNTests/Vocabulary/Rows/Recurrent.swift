import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let recurrent: [VocabularyRow] = recurrentLayers + recurrentCells + recurrentWrappers

  private static let recurrentLayers: [VocabularyRow] = [
    recurrentLayer("RNN", op: "rnn") { RNN($0.units, settings: $0) },
    recurrentLayer("LSTM", op: "lstm") { LSTM($0.units, settings: $0) },
    recurrentLayer("GRU", op: "gru") { GRU($0.units, settings: $0) },
  ]

  private static let recurrentCells: [VocabularyRow] = [
    recurrentCell("RNNCell", op: "rnnCell") { RNNCell($0, useBias: $1) },
    recurrentCell("LSTMCell", op: "lstmCell") { LSTMCell($0, useBias: $1) },
    recurrentCell("GRUCell", op: "gruCell") { GRUCell($0, useBias: $1) },
  ]

  private static func recurrentLayer(
    _ name: String, op: String,
    _ make: @escaping @Sendable (RecurrentSettings) -> any RecurrentLayer
  ) -> VocabularyRow {
    let check: @Sendable (GoldenCase) throws -> Void = { golden in
      try checkRecurrent(golden, make(RecurrentSettings(golden)))
    }
    var proofs: [Proof] = [
      .goldens("recurrent", op: op, check), .goldens("recurrentStacks", op: op, check),
    ]
    if op == "lstm" { proofs.append(.goldens("peepholes", op: "peepholeLSTM", check)) }
    return VocabularyRow(.layer, name, proofs: proofs) { abuse(&$0, make) }
  }

  private static func recurrentCell(
    _ name: String, op: String,
    _ make: @escaping @Sendable (_ units: Int, _ useBias: Bool) -> any RecurrentStepCell
  ) -> VocabularyRow {
    let proof: Proof = .goldens("recurrentCells", op: op) { golden in
      let cell = make(golden.int("units"), golden.truth("bias"))
      try checkModule(golden, cell, variables: golden.parameterNames) { data, context in
        let result = cell(data[0], Array(data.dropFirst()), context)
        return result.state
      }
    }
    return VocabularyRow(.layer, name, proofs: [proof]) { bad in
      let x = BadInput.Operand("x", BadInput.filled([2, 3]))
      for units in BadInput.sizes {
        bad.call("\(name)(\(units))", [x]) { outputs(of: make(units, true), $0[0], nil) }
      }
      let cell = make(4, true)
      _ = cell(x.tensor)
      for operand in BadInput.operands {
        bad.call(name, [operand]) { outputs(of: cell, $0[0], nil) }
        bad.call("\(name) state", [x, operand]) { outputs(of: cell, $0[0], [$0[1]]) }
        bad.call("\(name) states", [x, operand, operand]) {
          outputs(of: cell, $0[0], [$0[1], $0[2]])
        }
      }
      bad.call("\(name) no state", [x]) { outputs(of: cell, $0[0], []) }
    }
  }

  /// Bad settings, inputs, states and lengths of a recurrent layer.
  private static func abuse(
    _ bad: inout BadInput, _ make: @Sendable (RecurrentSettings) -> any RecurrentLayer
  ) {
    let x = BadInput.Operand("x", BadInput.filled([2, 3, 4]))
    for size in BadInput.sizes {
      for settings in [RecurrentSettings(units: size), RecurrentSettings(layers: size)] {
        if (9...4096).contains(size) { continue }
        bad.call("\(settings)", [x]) { outputs(of: make(settings), $0[0]) }
      }
      bad.call("window \(size)", [x]) {
        windowed(make(RecurrentSettings()), $0[0], size)
      }
    }
    for rate in BadInput.numbers {
      bad.call("dropout \(rate)", [x]) {
        outputs(of: make(RecurrentSettings(layers: 2, dropout: rate)), $0[0])
      }
    }
    bad.call("stateful in two directions", [x]) {
      outputs(of: make(RecurrentSettings(merge: .sum, stateful: true)), $0[0])
    }
    bad.call("windows in two directions", [x]) {
      windowed(make(RecurrentSettings(merge: .sum)), $0[0], 2)
    }
    let layer = make(RecurrentSettings())
    _ = layer(x.tensor)
    bad.call("no steps", [.init("x", BadInput.filled([2, 0, 4]))]) { [layer($0[0])] }
    bad.call("other features", [.init("x", BadInput.filled([2, 3, 5]))]) { [layer($0[0])] }
    for operand in BadInput.operands {
      bad.call("input", [operand]) { [layer($0[0])] }
      bad.call("fresh", [operand]) { outputs(of: make(RecurrentSettings()), $0[0]) }
      bad.call("lengths", [x, operand]) { [layer($0[0], lengths: $0[1])] }
      bad.call("hidden", [x, operand]) {
        outputs(of: layer, $0[0], from: RecurrentState(hidden: $0[1]))
      }
      bad.call("cell", [x, operand]) {
        let state = RecurrentState(hidden: BadInput.filled([1, 2, 4]), cell: $0[1])
        return [layer.run($0[0], from: state).output]
      }
    }
    for lengths in [[-1, 2], [2, 4], [Int.max, 0], [Int.min, 1]] {
      let operand = BadInput.Operand("lengths \(lengths)", Tensor(lengths.map { Int64($0) }))
      bad.call("values", [x, operand]) { [layer($0[0], lengths: $0[1])] }
    }
    let stateful = make(RecurrentSettings(stateful: true))
    _ = stateful(x.tensor)
    bad.call("other batch", [.init("x", BadInput.filled([3, 3, 4]))]) { [stateful($0[0])] }
  }
}

private func outputs(
  of cell: any RecurrentStepCell, _ x: Tensor, _ state: [Tensor]?
) -> [Tensor] {
  let result = cell(x, state)
  return [result.output]
}

private func outputs(of layer: any RecurrentLayer, _ x: Tensor) -> [Tensor] { [layer(x)] }

private func outputs(
  of layer: any RecurrentLayer, _ x: Tensor, from state: RecurrentState
) -> [Tensor] {
  let result = layer.run(x, from: state)
  return [result.output]
}

private func windowed(_ layer: any RecurrentLayer, _ x: Tensor, _ window: Int) -> [Tensor] {
  let result = layer.runTruncated(x, window: window)
  return [result.output]
}

/// Settings that all recurrent layers take.
struct RecurrentSettings: Sendable, CustomStringConvertible {
  var units = 4
  var layers = 1
  var merge: DirectionMerge?
  var dropout = 0.0
  var stateful = false
  var layout = SequenceLayout.batchFirst
  var useBias = true
  var activation = RecurrentActivation.tanh
  var peepholes = false

  var description: String { "\(units) units, \(layers) layers" }
}

extension RecurrentSettings {
  init(_ golden: GoldenCase) {
    units = golden.int("units")
    layers = golden.int("layers")
    merge = golden.truth("bidirectional") ? .concatenate : nil
    layout = golden.truth("batchFirst") ? .batchFirst : .timeFirst
    useBias = golden.truth("bias")
    activation = RecurrentActivation(rawValue: golden.word("activation")) ?? .tanh
    peepholes = golden.op == "peepholeLSTM"
  }
}

extension RNN {
  convenience init(_ units: Int, settings: RecurrentSettings) {
    self.init(
      units, layers: settings.layers, activation: settings.activation,
      bidirectional: settings.merge, dropout: settings.dropout, returnsSequences: true,
      stateful: settings.stateful, layout: settings.layout, useBias: settings.useBias)
  }
}

extension LSTM {
  convenience init(_ units: Int, settings: RecurrentSettings) {
    self.init(
      units, layers: settings.layers, peepholes: settings.peepholes,
      bidirectional: settings.merge, dropout: settings.dropout, returnsSequences: true,
      stateful: settings.stateful, layout: settings.layout, useBias: settings.useBias)
  }
}

extension GRU {
  convenience init(_ units: Int, settings: RecurrentSettings) {
    self.init(
      units, layers: settings.layers, bidirectional: settings.merge, dropout: settings.dropout,
      returnsSequences: true, stateful: settings.stateful, layout: settings.layout,
      useBias: settings.useBias)
  }
}

extension GoldenCase {
  /// Names of the golden's last inputs.
  var parameterNames: [String] { word("parameters").split(separator: " ").map(String.init) }
}

/// Compares outputs, last states and all gradients with PyTorch's.
func checkRecurrent(_ golden: GoldenCase, _ layer: any RecurrentLayer) throws {
  let lengths = golden.ints("lengths")
  let isState = golden.truth("state")
  // Without lengths and states every input counts samples on the same axis.
  let batchAxis = lengths.isEmpty ? (golden.truth("batchFirst") && !isState ? 0 : 1) : nil
  try checkModule(
    golden, layer, variables: golden.parameterNames, batchAxis: batchAxis
  ) { data, context in
    let state = RecurrentState(
      hidden: data.count > 1 ? data[1] : data[0], cell: data.count > 2 ? data[2] : nil)
    let result = layer.run(
      data[0], from: isState ? state : nil,
      lengths: lengths.isEmpty ? nil : Tensor(lengths.map { Int32($0) }), context)
    return [result.output, result.state.hidden] + [result.state.cell].compactMap { $0 }
  }
}
