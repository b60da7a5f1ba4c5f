import ApusCore

extension RecurrentLayer {
  /// Runs the layer over windows of the steps; the state goes on from window to window, gradients do
  /// not: truncated backpropagation through time.
  ///
  /// Outputs and states are those of ``run(_:from:lengths:_:file:line:)``, whose gradients a window as
  /// long as the sequence has too. A shorter one leaves out what a step owes to steps before its
  /// window. To update parameters after each window, call the layer on the windows by hand and pass
  /// on `state.stoppingGradient()`, or make it stateful.
  ///
  /// - Parameter window: The number of steps of a window, at least 1; the last may be shorter.
  /// - Source: Williams and Peng 1990; Elman 1990.
  public func runTruncated(
    _ x: Tensor, window: Int, from initial: RecurrentState? = nil, lengths: Tensor? = nil,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> (output: Tensor, state: RecurrentState) {
    let layout = options.layout
    let steps = x.shape[layout.timeAxis]
    let isRefused = window < 1 || options.bidirectional != nil
    if x.error != nil || x.rank != 3 || steps <= window && !isRefused {
      return run(x, from: initial, lengths: lengths, context, file: file, line: line)
    }
    func failure(_ failed: Tensor) -> (output: Tensor, state: RecurrentState) {
      (failed, RecurrentState(failed: failed, count: stack.cell.stateCount))
    }
    return scoped(context, file: file, line: line) { context in
      if isRefused {
        let reason =
          window < 1
          ? "a window of \(window) steps is not a positive number"
          : "the backward direction begins at the end: windows cannot pass its state on"
        return failure(refused("\(Self.self)", Violation(reason), [("input", x)]))
      }
      var state = initial
      var outputs: [Tensor] = []
      for start in stride(from: 0, to: steps, by: window) {
        let part = x.sliced(axis: layout.timeAxis, start..<min(start + window, steps))
        let rest = lengths.map { left($0, after: start, of: part.shape[layout.timeAxis]) }
        let result = run(part, from: state, lengths: rest, context, file: file, line: line)
        outputs.append(result.output)
        state = result.state.stoppingGradient()
        if start + window >= steps || result.output.error != nil {
          let output =
            options.returnsSequences
            ? concatenated(outputs, axis: layout.timeAxis) : result.output
          return (output, result.state)
        }
      }
      return failure(outputs[0])
    }
  }
}

/// How many of the next `count` steps are within the lengths.
private func left(_ lengths: Tensor, after start: Int, of count: Int) -> Tensor {
  guard lengths.dtype.isInteger else { return lengths }
  let rest = lengths - Tensor(Double(start), like: lengths)
  return minimum(
    maximum(rest, Tensor(0, like: lengths)), Tensor(Double(count), like: lengths))
}
