/// The gradient of a ``RecurrentSequence`` but for weight, bias and peepholes:
/// `dy[T, N, H], dstates, saved[T, N, S·H], previous[T, N, H], weight[G·H, H] → dinput[T, N, G·H],
/// dstates`.
///
/// Steps run in the opposite direction and reuse the saved gates. `previous` is the last of the states
/// before each step; the gradient of the product is a result of its own where it is not that of the
/// input. Past the lengths it is zero.
package struct RecurrentSequenceGradient: Composite {
  package let cell: RecurrentCell
  /// Whether the sequence ran from the last step to the first.
  package let isReversed: Bool
  package let hasLengths: Bool

  package init(cell: RecurrentCell, isReversed: Bool, hasLengths: Bool) {
    self.cell = cell
    self.isReversed = isReversed
    self.hasLengths = hasLengths
  }

  package var name: String { cell.name + "SequenceGradient" }
  package var attributes: String { isReversed ? "reversed" : "" }
  package var operandNames: [String] {
    ["dy"] + ["dh", "dc"].prefix(cell.stateCount) + ["saved", "previous", "weight"]
      + (cell.hasPeepholes ? ["peepholes"] : []) + (hasLengths ? ["lengths"] : [])
  }
  package var cpu: CPUKernel { .kernel }
  package var resultCount: Int { (cell.separatesProduct ? 2 : 1) + cell.stateCount }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (dy, dh) = (operands[0], operands[1])
    let gates = dh[-1].timesClamped(cell.gateCount)
    let dInput = dy.with(shape: [dy[0], dy[1], gates])
    return Array(repeating: dInput, count: resultCount - cell.stateCount)
      + Array(repeating: dh, count: cell.stateCount)
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    operands[0].count.timesClamped(operands[3 + cell.stateCount][0])
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let first = 1 + cell.stateCount
    let weight = operands[first + 2]
    let peepholes = cell.hasPeepholes ? operands[first + 3] : nil
    var sequences = [operands[0], operands[first], operands[first + 1]]
    if hasLengths, let lengths = operands.last {
      sequences.append(validSteps(of: operands[0], lengths))
    }
    let result = scan(
      initial: Array(operands[1..<first]), over: sequences, reverse: !isReversed
    ) { dStates, x in
      var total = dStates
      total[0] = total[0] + x[0]
      let back = RecurrentCell.StepBack(
        saved: x[1], previous: x[2], dStates: total, peepholes: peepholes)
      var (dInput, dProduct, dNext) = cell.slopes(back)
      dNext[0] = dNext[0] + matmul(dProduct, weight)
      if hasLengths {
        dInput = dInput.where(x[3], else: Tensor(0, like: dInput))
        dProduct = dProduct.where(x[3], else: Tensor(0, like: dProduct))
        dNext = zip(dNext, dStates).map { $0.where(x[3], else: $1) }
      }
      return (dNext, cell.separatesProduct ? [dInput, dProduct] : [dInput])
    }
    return result.y + result.carry
  }
}
