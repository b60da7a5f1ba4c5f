/// Orders the elements along an axis, keeping equal ones in their order.
///
/// NaN counts as larger than any number.
/// - Shape: `x[…] → values[…], indices[…]`: where each value came from.
/// - Gradient: `dy` put back at the indices.
/// - Source: StableHLO specification, `sort` with `is_stable`.
package struct Sort: Operation {
  /// The axis ordered, non-negative.
  package let axis: Int
  package let isDescending: Bool
  /// The dtype of the indices: `int32` or `int64`.
  package let dtype: DType

  package var name: String { "sort" }
  package var attributes: String { "axis: \(axis)" + (isDescending ? ", descending" : "") }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.dtype.isNumeric, "needs a numeric dtype, not \(x.dtype)")
    try requireIndexDType(dtype)
    let axis = try x.shape.normalized(axis: axis)
    try require(
      dtype == .int64 || x.dims[axis] <= Int(Int32.max),
      "axis \(axis) with extent \(x.dims[axis]) is too long for \(dtype)")
    return [x, x.with(dtype: dtype)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    let base = Tensor(0, like: call.operands[0])
    return [apply(ScatterAddElements(axis: axis), [base, call.results[1], dy])]
  }
}

extension Tensor {
  /// Returns the elements ordered along an axis; equal ones keep their order, NaN is the largest.
  public func sorted(
    axis: Int = -1, descending: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    ordered(axis, descending, .int32, CallSite(file: file, line: line)).values
  }

  /// Returns the indices that order the elements along an axis.
  public func argsorted(
    axis: Int = -1, descending: Bool = false, dtype: DType = .int32, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    ordered(axis, descending, dtype, CallSite(file: file, line: line)).indices
  }

  private func ordered(
    _ axis: Int, _ descending: Bool, _ dtype: DType, _ site: CallSite
  ) -> (values: Tensor, indices: Tensor) {
    if error != nil { return (self, self) }
    do throws(Violation) {
      let axis = try shape.normalized(axis: axis)
      let results = record(
        Sort(axis: axis, isDescending: descending, dtype: dtype), [self], results: 2, at: site)
      return (results[0], results[1])
    } catch {
      let failed = Tensor(error: refusal(of: "sort", [self], error, at: site))
      return (failed, failed)
    }
  }
}
