/// Adds single elements at places along an axis; a place named twice gets both.
///
///     y = base;  y[o, indices[o, i, n], n] += updates[o, i, n]
///
/// - Shape: `base[outer…, N, inner…], indices[outer…, I, inner…], updates` as `indices` `→ y` as
///   `base`. Negative indices count from the end; one out of range is a data error, found by
///   evaluation.
/// - Gradient: `dy` for `base`, its elements at the indices for `updates`.
/// - Source: ONNX operator specification, `ScatterElements` with addition.
package struct ScatterAddElements: Operation {
  /// The axis indexed, non-negative.
  package let axis: Int
  /// Whether negative indices count from the end; otherwise they are data errors, as of labels.
  package var countsFromEnd = true

  package var name: String { "scatterAddElements" }
  package var attributes: String { "axis: \(axis)\(countsFromEnd ? "" : ", from the start")" }
  package var operandNames: [String] { ["base", "indices", "updates"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (base, indices, updates) = (operands[0], operands[1], operands[2])
    try requireAccumulating(base.dtype)
    try require(
      base.dtype == updates.dtype,
      "dtypes differ: base is \(base.dtype), updates is \(updates.dtype)")
    try GatherElements.check(base.shape, indices, axis: axis)
    try require(
      updates.shape == indices.shape,
      "shapes differ: updates is \(updates.shape), indices is \(indices.shape)")
    return [base]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil, nil] }
    let gather = GatherElements(axis: axis, countsFromEnd: countsFromEnd)
    return [dy, nil, apply(gather, [dy, call.operands[1]])]
  }
}

extension Tensor {
  /// Returns the tensor with each update added at the place along an axis that its index names.
  ///
  /// - Shape: `x[outer…, N, inner…], updates[outer…, I, inner…], indices` as `updates` `→ y` as `x`.
  ///   Negative indices count from the end; evaluation throws for one out of range.
  public func scatteringAddElements(
    _ updates: Tensor, at indices: Tensor, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt(
      "scatterAddElements", [self, indices, updates], at: site
    ) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      return apply(ScatterAddElements(axis: axis), [self, indices, updates], at: site)
    }
  }
}
