/// Adds slices to a tensor at the places that indices name; a place named twice gets both.
///
///     y = base;  y[o, indices[i], n] += updates[o, i, n]
///
/// - Shape: `base[outer…, N, inner…], indices[I…], updates[outer…, I…, inner…] → y` as `base`.
///   Negative indices count from the end; one out of range is a data error, found by evaluation.
/// - Gradient: `dy` for `base`, its slices at the indices for `updates`.
/// - Source: StableHLO specification, `scatter` with addition.
package struct ScatterAdd: Operation {
  /// The axis indexed, non-negative.
  package let axis: Int

  package var name: String { "scatterAdd" }
  package var attributes: String { "axis: \(axis)" }
  package var operandNames: [String] { ["base", "indices", "updates"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (base, indices, updates) = (operands[0], operands[1], operands[2])
    try requireAccumulating(base.dtype)
    try requireIndexDType(indices.dtype)
    try require(
      base.dtype == updates.dtype,
      "dtypes differ: base is \(base.dtype), updates is \(updates.dtype)")
    let expected = Shape(try Gather.resultDims(base.shape, indices.shape, axis: axis))
    try require(
      updates.shape == expected,
      "updates has shape \(updates.shape), the indices select \(expected)")
    try require(
      base.dims[axis] > 0 || indices.count == 0,
      "axis \(axis) is empty: there is no place for \(indices.count) indices")
    return [base]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil, nil] }
    return [dy, nil, apply(Gather(axis: axis), [dy, call.operands[1]])]
  }
}

extension Tensor {
  /// Returns the tensor with `updates` added at the slices of an axis that `indices` name.
  ///
  /// - Shape: `x[outer…, N, inner…], updates[outer…, I…, inner…], indices[I…] → y` as `x`. Negative
  ///   indices count from the end; evaluation throws for one out of range.
  public func scatteringAdd(
    _ updates: Tensor, at indices: Tensor, axis: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("scatterAdd", [self, indices, updates], at: site) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      return apply(ScatterAdd(axis: axis), [self, indices, updates], at: site)
    }
  }
}
