/// The identity, through which no gradient flows.
struct StopGradient: Operation {
  var name: String { "stopGradient" }
  var cpu: CPUKernel { .view }
  func resultTypes(_ operands: [TensorType]) -> [TensorType] { [operands[0]] }
  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

extension Tensor {
  /// Returns the same values as a constant: differentiation does not look behind it.
  public func stoppingGradient() -> Tensor { apply(StopGradient(), [self]) }
}
