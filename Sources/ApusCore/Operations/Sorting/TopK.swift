/// Finds the largest or smallest elements along an axis, in order.
///
/// Of equal elements the first come first; NaN counts as larger than any number.
/// - Shape: `x[…, N, …] → values[…, k, …], indices[…, k, …]`.
/// - Gradient: `dy` put back at the indices.
/// - Source: CHLO dialect, `top_k`.
package struct TopK: Composite {
  package let count: Int
  /// The axis searched, non-negative.
  package let axis: Int
  package let isLargest: Bool
  /// The dtype of the indices: `int32` or `int64`.
  package let dtype: DType

  package var name: String { "topK" }
  package var attributes: String {
    "\(count), axis: \(axis), \(isLargest ? "largest" : "smallest")"
  }
  package var cpu: CPUKernel { .decomposition }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let sorted = Sort(axis: axis, isDescending: isLargest, dtype: dtype)
    _ = try sorted.resultTypes(operands)
    let x = operands[0]
    try require(
      count >= 0 && count <= x.dims[axis],
      "asks for \(count) of axis \(axis) with extent \(x.dims[axis])")
    var dims = x.dims
    dims[axis] = count
    return [x.with(shape: Shape(dims)), TensorType(dtype, Shape(dims))]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    record(Sort(axis: axis, isDescending: isLargest, dtype: dtype), operands, results: 2)
      .map { $0.sliced(axis: axis, 0..<count) }
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    let base = Tensor(0, like: call.operands[0])
    return [apply(ScatterAddElements(axis: axis), [base, call.results[1], dy])]
  }
}

extension Tensor {
  /// Returns the `count` largest (or smallest) elements along an axis in order, and their indices.
  ///
  /// - Shape: `x[…, N, …] → values[…, count, …], indices[…, count, …]`.
  public func topK(
    _ count: Int, axis: Int = -1, largest: Bool = true, dtype: DType = .int32,
    file: String = #fileID, line: Int = #line
  ) -> (values: Tensor, indices: Tensor) {
    let site = CallSite(file: file, line: line)
    if error != nil { return (self, self) }
    do throws(Violation) {
      let axis = try shape.normalized(axis: axis)
      let results = record(
        TopK(count: count, axis: axis, isLargest: largest, dtype: dtype), [self], results: 2,
        at: site)
      return (results[0], results[1])
    } catch {
      let failed = Tensor(error: refusal(of: "topK", [self], error, at: site))
      return (failed, failed)
    }
  }
}
