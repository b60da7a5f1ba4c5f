/// Picks slices of an axis by index.
///
///     y[o, i, n] = x[o, indices[i], n]
///
/// - Shape: `x[outer…, N, inner…], indices[I…] → y[outer…, I…, inner…]`. Negative indices count from
///   the end; one out of range is a data error, found by evaluation.
/// - Gradient: `dy` added up at the indices.
/// - Source: StableHLO specification, `gather`.
package struct Gather: Operation {
  /// The axis indexed, non-negative.
  package let axis: Int

  package var name: String { "gather" }
  package var attributes: String { "axis: \(axis)" }
  package var operandNames: [String] { ["x", "indices"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, indices) = (operands[0], operands[1])
    try requireIndexDType(indices.dtype)
    let dims = try Gather.resultDims(x.shape, indices.shape, axis: axis)
    try require(
      x.dims[axis] > 0 || indices.count == 0,
      "axis \(axis) is empty: there is nothing for \(indices.count) indices to pick")
    return [x.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let base = Tensor(0, like: call.operands[0])
    return [apply(ScatterAdd(axis: axis), [base, call.operands[1], dy]), nil]
  }

  static func resultDims(
    _ x: Shape, _ indices: Shape, axis: Int
  ) throws(Violation) -> [Int] {
    let axis = try x.normalized(axis: axis)
    return Array(x.dims[..<axis]) + indices.dims + Array(x.dims[(axis + 1)...])
  }
}

extension Tensor {
  /// Returns the slices of an axis that `indices` name: rows of an embedding table by token, a
  /// subset of samples.
  ///
  /// - Shape: `x[outer…, N, inner…], indices[I…] → y[outer…, I…, inner…]`; `int32` or `int64` indices.
  ///   Negative ones count from the end; evaluation throws for one out of range.
  public func gathered(
    _ indices: Tensor, axis: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("gather", [self, indices], at: site) { () throws(Violation) in
      apply(Gather(axis: try shape.normalized(axis: axis)), [self, indices], at: site)
    }
  }
}
