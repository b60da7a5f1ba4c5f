/// The identity on its first operands, not to be taken before the others are there.
///
/// Values behind a barrier count as other values: what is computed from them is neither shared with
/// the same computation before it nor moved ahead of what the barrier waits for.
/// - Gradient: passes to the values; none to what is waited for.
/// - Source: StableHLO specification, `optimization_barrier`.
package struct RecomputeBarrier: Operation {
  package let valueCount: Int
  package init(valueCount: Int) { self.valueCount = valueCount }

  package var name: String { "recomputeBarrier" }
  package var attributes: String { "values: \(valueCount)" }
  package var cpu: CPUKernel { .view }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(
      operands.count >= valueCount, "has \(operands.count) operands for \(valueCount) values")
    return Array(operands[..<valueCount])
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    upstream + call.operands[valueCount...].map { _ in nil }
  }
}
