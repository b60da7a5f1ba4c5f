import ApusCore

extension OperationExample {
  private static let shapes = [[3, 2, 8], [8, 2], [8], [2, 2], [2, 2]]

  /// Cells, directions and lengths are walked in `RecurrentSequenceTests`.
  static let recurrent: [OperationExample] = [
    .init("RecurrentSequence", shapes) { x in
      let (y, states) = recurrentSequence(
        .lstm, input: x[0], weight: x[1], bias: x[2], states: [x[3], x[4]])
      return y.square().sum() + (states[0] * states[1]).sum()
    },
    .init("RecurrentSequenceGradient", shapes) { x in
      ApusCore.gradient(at: x[0]) { input in
        recurrentSequence(
          .lstm, input: input, weight: x[1], bias: x[2], states: [x[3], x[4]]
        ).y.square().sum()
      }
    },
  ]
}
