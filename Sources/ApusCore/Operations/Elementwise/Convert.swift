/// Changes the dtype of elements.
///
/// Floats round to nearest even; floats to integers truncate and saturate, NaN gives 0; wider
/// integers keep their low bits; anything to `bool` is `!= 0`.
package struct Convert: Operation {
  package let dtype: DType
  package init(_ dtype: DType) { self.dtype = dtype }
  package var name: String { "convert" }
  package var attributes: String { "\(dtype)" }
  package var cpu: CPUKernel { .instruction("cvt") }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(dtype: dtype)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let source = call.operands[0].dtype
    guard let dy = upstream[0], source.isFloating, dtype.isFloating else { return [nil] }
    return [dy.converted(to: source)]
  }
}

extension Tensor {
  /// Returns the elements as another dtype; `self` when it is already that dtype.
  public func converted(to dtype: DType) -> Tensor {
    error != nil || dtype == self.dtype ? self : apply(Convert(dtype), [self])
  }
}
