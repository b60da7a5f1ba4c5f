/// Rows of zeros with a one at the place each label names.
///
///     y[i…, k] = 1 where k = labels[i…], else 0
///
/// - Shape: `labels[I…] → y[I…, depth]`. A label outside `0..<depth` is a data error, found by
///   evaluation; negative ones do not count from the end.
/// - Gradient: none.
/// - Source: ONNX operator specification, `OneHot`.
package struct OneHot: Operation {
  package let depth: Int
  package let dtype: DType

  package var name: String { "oneHot" }
  package var attributes: String { "depth: \(depth), \(dtype)" }
  package var operandNames: [String] { ["labels"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(
      operands[0].dtype == .int32 || operands[0].dtype == .int64,
      "labels are i32 or i64, not \(operands[0].dtype)")
    try require(depth > 0, "depth \(depth) is not positive")
    return [TensorType(dtype, operands[0].dims + [depth])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

extension Tensor {
  /// Returns rows of zeros with a one at the place each label names.
  ///
  /// - Shape: `labels[I…] → y[I…, depth]`; `int32` or `int64` labels. Evaluation throws for a label
  ///   outside `0..<depth`.
  public func oneHot(
    depth: Int, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    apply(OneHot(depth: depth, dtype: dtype), [self], at: CallSite(file: file, line: line))
  }
}
