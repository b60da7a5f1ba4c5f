import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let recurrentWrappers: [VocabularyRow] = [
    VocabularyRow(
      .layer, "RNNLoop",
      proofs: [
        .goldens("recurrent", op: "lstm") {
          try checkLoop($0, LSTMCell($0.int("units"), useBias: $0.truth("bias")))
        },
        .goldens("recurrent", op: "gru") {
          try checkLoop($0, GRUCell($0.int("units"), useBias: $0.truth("bias")))
        },
      ]
    ) { bad in
      let x = BadInput.Operand("x", BadInput.filled([2, 3, 4]))
      let loop = RNNLoop(GRUCell(4))
      _ = loop(x.tensor)
      for operand in BadInput.operands {
        bad.call("RNNLoop", [operand]) { [loop($0[0])] }
        bad.call("RNNLoop lengths", [x, operand]) { [loop.run($0[0], lengths: $0[1]).output] }
        bad.call("RNNLoop state", [x, operand]) { [loop.run($0[0], from: [$0[1]]).output] }
      }
      bad.call("RNNLoop of a bad cell", [x]) { [RNNLoop(GRUCell(-1))($0[0])] }
      bad.call("RNNLoop without states", [x]) { [loop.run($0[0], from: []).output] }
    },
    VocabularyRow(
      .layer, "TimeDistributed",
      proofs: [
        .formula("each step by itself") {
          let layer = Dense(2)
          let distributed = TimeDistributed(layer)
          let x = Tensor((0..<24).map { Double($0) / 7 }, shape: [2, 3, 4])
          let y = distributed(x)
          #expect(y.shape == [2, 3, 2])
          for t in 0..<3 {
            let step = layer(x.sliced(axis: 1, t..<(t + 1)).squeezed(axes: [1]))
            try expectClose(
              y.sliced(axis: 1, t..<(t + 1)).squeezed(axes: [1]),
              try step.scalars(as: Double.self), shape: [2, 2])
          }
          #expect(distributed.parameters.map(\.path) == ["layer.weight", "layer.bias"])
          #expect(distributed(Tensor.zeros([0, 3, 4], dtype: .float64)).shape == [0, 3, 2])
        }
      ]
    ) { bad in
      let layer = TimeDistributed(Dense(2))
      for operand in BadInput.operands {
        bad.call("TimeDistributed", [operand]) { [layer($0[0])] }
        bad.call("TimeDistributed sum", [operand]) {
          [TimeDistributed(Lambda { $0.sum() })($0[0])]
        }
      }
    },
    VocabularyRow(
      .layer, "RepeatVector",
      proofs: [
        .formula("y[n, t] = x[n]") {
          let x = Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [2, 3])
          try expectClose(
            RepeatVector(2)(x), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6], shape: [2, 2, 3])
        }
      ]
    ) { bad in
      for count in BadInput.sizes {
        bad.call("RepeatVector(\(count))", [.init("x", BadInput.filled([2, 3]))]) {
          [RepeatVector(count)($0[0])]
        }
      }
      for operand in BadInput.operands {
        bad.call("RepeatVector", [operand]) { [RepeatVector(2)($0[0])] }
      }
    },
  ]
}

/// Compares a cell in a loop with the goldens of the layer of one direction.
private func checkLoop(_ golden: GoldenCase, _ cell: any RecurrentStepCell) throws {
  let lengths = golden.ints("lengths")
  let isState = golden.truth("state")
  let loop = RNNLoop(
    cell, returnsSequences: true, layout: golden.truth("batchFirst") ? .batchFirst : .timeFirst)
  let names = golden.parameterNames.map { "cell." + $0.replacing("_l0", with: "") }
  try checkModule(golden, loop, variables: names, batchAxis: nil) { data, context in
    let (y, state) = loop.run(
      data[0], from: isState ? data.dropFirst().map { $0[0] } : nil,
      lengths: lengths.isEmpty ? nil : Tensor(lengths.map { Int32($0) }), context)
    return [y] + state.map { $0.expanded(at: 0) }
  }
}
