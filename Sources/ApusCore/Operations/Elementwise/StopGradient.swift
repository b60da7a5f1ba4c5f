/// The identity, through which no gradient flows.
package struct StopGradient: Operation {
  package var name: String { "stopGradient" }
  package var cpu: CPUKernel { .view }
  package func resultTypes(_ operands: [TensorType]) -> [TensorType] { [operands[0]] }
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

extension Tensor {
  /// Returns the same values as a constant: differentiation does not look behind it.
  public func stoppingGradient() -> Tensor { apply(StopGradient(), [self]) }
}
