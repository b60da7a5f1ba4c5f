/// A recurrent cell over all steps of sequences:
/// `input[T, N, G·H], weight[G·H, H], bias[G·H], h[N, H] → y[T, N, H], h[N, H]`.
///
///     for t in 0..<T { h = step(input[t], h·weightᵀ + bias, h);  y[t] = h }
///
/// The input is the product of all steps with the input weights, made outside the loop.
///
/// - Shape: operands are `input, weight, bias`, the states `[N, H]`, then `peepholes[3, H]` and
///   `lengths[N]` where the cell and the call have them. Results are `y`, the last states, and for the
///   gradient `saved[T, N, S·H]` and the states before each step `[T, N, H]`.
/// - Lengths: past the length of its sample a step keeps the states and puts out zero, in both
///   directions: a reversed run starts at each sample's own end.
/// - Gradient: by ``RecurrentSequenceGradient``, and one product over all steps for the weight.
package struct RecurrentSequence: Composite {
  package let cell: RecurrentCell
  package let isReversed: Bool
  package let hasLengths: Bool

  package init(cell: RecurrentCell, isReversed: Bool = false, hasLengths: Bool = false) {
    self.cell = cell
    self.isReversed = isReversed
    self.hasLengths = hasLengths
  }

  package var name: String { cell.name + "Sequence" }
  package var attributes: String { isReversed ? "reversed" : "" }
  package var operandNames: [String] {
    ["input", "weight", "bias"] + ["h", "c"].prefix(cell.stateCount)
      + (cell.hasPeepholes ? ["peepholes"] : []) + (hasLengths ? ["lengths"] : [])
  }
  package var cpu: CPUKernel { .kernel }
  package var resultCount: Int { 2 + 2 * cell.stateCount }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(
      operands.count == operandNames.count,
      "takes \(operandNames.count) operands, was given \(operands.count)")
    let (input, weight) = (operands[0], operands[1])
    try require(input.dtype.isFloating, "needs a floating dtype, not \(input.dtype)")
    try require(input.rank == 3, "needs an input [steps, samples, gates], not rank \(input.rank)")
    try require(input[0] > 0, "the sequence has no steps")
    try require(weight.rank == 2, "needs a weight of rank 2, not \(weight.rank)")
    let width = weight[1]
    try require(width > 0, "the state has no elements")
    let gates = width.timesClamped(cell.gateCount)
    try require(input[2] == gates, "the input has \(input[2]) gates, the state needs \(gates)")
    try check("weight", weight, input.with(shape: [gates, width]))
    try check("bias", operands[2], input.with(shape: [gates]))
    let state = input.with(shape: [input[1], width])
    for place in 0..<cell.stateCount {
      try check(operandNames[3 + place], operands[3 + place], state)
    }
    if cell.hasPeepholes {
      try check("peepholes", operands[3 + cell.stateCount], input.with(shape: [3, width]))
    }
    if hasLengths { try checkLengths(operands[operands.count - 1], samples: input[1]) }
    let states = Array(repeating: state, count: cell.stateCount)
    let every = input.with(shape: [input[0], input[1], width])
    let saved = every.with(
      shape: [input[0], input[1], width.timesClamped(cell.savedCount)])
    return [every] + states + [saved] + Array(repeating: every, count: cell.stateCount)
  }

  private func check(
    _ name: String, _ type: TensorType, _ expected: TensorType
  ) throws(Violation) {
    try require(type == expected, "\(name) must be \(expected), not \(type)")
  }

  private func checkLengths(_ lengths: TensorType, samples: Int) throws(Violation) {
    try require(
      lengths.dtype == .int32 || lengths.dtype == .int64,
      "lengths must be int32 or int64, not \(lengths.dtype)")
    try require(
      lengths.shape == [samples],
      "lengths must be [\(samples)], one for each sample, "
        + "not \(lengths.shape)")
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    operands[0].count.timesClamped(operands[1][-1])
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (weight, bias) = (operands[1].matrixTransposed(), operands[2])
    let peepholes = cell.hasPeepholes ? operands[3 + cell.stateCount] : nil
    let states = Array(operands[3..<(3 + cell.stateCount)])
    var sequences = [operands[0]]
    if hasLengths, let lengths = operands.last {
      sequences.append(validSteps(of: operands[0], lengths))
    }
    let result = scan(initial: states, over: sequences, reverse: isReversed) { states, x in
      let product = matmul(states[0], weight) + bias
      let step = RecurrentCell.Step(
        input: x[0], product: product, states: states, peepholes: peepholes)
      var (new, saved) = cell.step(step)
      var y = new[0]
      if hasLengths {
        y = y.where(x[1], else: Tensor(0, like: y))
        saved = saved.where(x[1], else: Tensor(0, like: saved))
        new = zip(new, states).map { $0.where(x[1], else: $1) }
      }
      return (new, [y, saved] + states)
    }
    return [result.y[0]] + result.carry + Array(result.y[1...])
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let kept = 1 + cell.stateCount
    guard upstream[kept...].allSatisfy({ $0 == nil }) else {
      return decomposedGradient(call, upstream: upstream)
    }
    let (operands, results) = (call.operands, call.results)
    let histories = Array(results[(kept + 1)...])
    var given = (0..<kept).map { upstream[$0] ?? Tensor(0, like: results[$0]) }
    given += [results[kept], histories[cell.stateCount - 1], operands[1]]
    given += operands[(3 + cell.stateCount)...]
    let gradient = RecurrentSequenceGradient(
      cell: cell, isReversed: isReversed, hasLengths: hasLengths)
    let found = record(gradient, given, results: gradient.resultCount)
    let dInput = found[0]
    let dProduct = cell.separatesProduct ? found[1] : dInput
    // All steps of all samples as rows: one product and one sum.
    let rows = dProduct.shape[0].timesClamped(dProduct.shape[1])
    let flat = dProduct.reshaped(to: [rows, dProduct.shape[2]])
    let before = histories[0].reshaped(to: [rows, histories[0].shape[2]])
    let dWeight = matmul(flat.matrixTransposed(), before)
    var all: [Tensor?] = [dInput, dWeight, flat.sum(axes: [0])]
    all += found.suffix(cell.stateCount).map { Optional($0) }
    if cell.hasPeepholes {
      all.append(peepholeGradient(dInput, saved: results[kept], cells: histories[1]))
    }
    return all + (hasLengths ? [nil] : [])
  }

  /// `dp_i = Σ di·c, dp_f = Σ df·c, dp_o = Σ do·c′` over steps and samples.
  private func peepholeGradient(_ dGates: Tensor, saved: Tensor, cells: Tensor) -> Tensor {
    let d = dGates.split(into: 4, axis: 2)
    let gates = saved.split(into: 4, axis: 2)
    let after = gates[1] * cells + gates[0] * gates[2]
    return stacked([d[0] * cells, d[1] * cells, d[3] * after].map { $0.sum(axes: [0, 1]) })
  }
}

/// Which steps are within the lengths: `[T, N, 1]` of truth values.
func validSteps(of input: Tensor, _ lengths: Tensor) -> Tensor {
  let grid: Shape = [input.shape[0], input.shape[1], 1]
  let steps = Tensor.iota(grid, axis: 0, dtype: lengths.dtype)
  return steps .< lengths.reshaped(to: [1, input.shape[1], 1])
}

/// Runs a recurrent cell over sequences; see ``RecurrentSequence`` for shapes.
///
/// - Returns: The outputs of every step, and the states after the last.
package func recurrentSequence(
  _ cell: RecurrentCell, input: Tensor, weight: Tensor, bias: Tensor, states: [Tensor],
  peepholes: Tensor? = nil, lengths: Tensor? = nil, isReversed: Bool = false,
  at site: CallSite? = nil
) -> (y: Tensor, states: [Tensor]) {
  let operation = RecurrentSequence(
    cell: cell, isReversed: isReversed, hasLengths: lengths != nil)
  let operands = [input, weight, bias] + states + [peepholes, lengths].compactMap { $0 }
  let results = record(operation, operands, results: operation.resultCount, at: site)
  return (results[0], Array(results[1..<(1 + cell.stateCount)]))
}
