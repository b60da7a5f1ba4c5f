/// Picks single elements along an axis by index: NumPy's `take_along_axis`.
///
///     y[o, i, n] = x[o, indices[o, i, n], n]
///
/// - Shape: `x[outer…, N, inner…], indices[outer…, I, inner…] → y` as `indices`. Negative indices
///   count from the end; one out of range is a data error, found by evaluation.
/// - Gradient: `dy` added up at the indices.
/// - Source: ONNX operator specification, `GatherElements`.
package struct GatherElements: Operation {
  /// The axis indexed, non-negative.
  package let axis: Int
  /// Whether negative indices count from the end; otherwise they are data errors, as of labels.
  package var countsFromEnd = true

  package var name: String { "gatherElements" }
  package var attributes: String { "axis: \(axis)\(countsFromEnd ? "" : ", from the start")" }
  package var operandNames: [String] { ["x", "indices"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, indices) = (operands[0], operands[1])
    try GatherElements.check(x.shape, indices, axis: axis)
    return [x.with(shape: indices.shape)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let base = Tensor(0, like: call.operands[0])
    let scatter = ScatterAddElements(axis: axis, countsFromEnd: countsFromEnd)
    return [apply(scatter, [base, call.operands[1], dy]), nil]
  }

  static func check(_ x: Shape, _ indices: TensorType, axis: Int) throws(Violation) {
    try requireIndexDType(indices.dtype)
    let axis = try x.normalized(axis: axis)
    try require(
      indices.rank == x.rank, "indices has rank \(indices.rank), the operand has \(x.rank)")
    for other in 0..<x.rank where other != axis {
      try require(
        indices.dims[other] == x.dims[other],
        "axis \(other) differs: indices has \(indices.dims[other]), the operand \(x.dims[other])")
    }
    try require(
      x.dims[axis] > 0 || indices.count == 0,
      "axis \(axis) is empty: there is nothing for \(indices.count) indices to pick")
  }
}

extension Tensor {
  /// Returns the element of each row that its label names.
  ///
  /// - Shape: `x[I…, K], labels[I…] → y[I…]`; `int32` or `int64` labels. Evaluation throws for a label
  ///   outside `0..<K`.
  package func picking(labels: Tensor) -> Tensor {
    attempt("picking", [self, labels], at: nil) { () throws(Violation) in
      let gather = GatherElements(axis: try shape.normalized(axis: -1), countsFromEnd: false)
      let column = labels.reshaped(to: Shape(labels.shape.dims + [1]))
      return apply(gather, [self, column], at: nil).reshaped(to: labels.shape)
    }
  }

  /// Returns the elements along an axis that `indices` name, one index for each element.
  ///
  /// - Shape: `x[outer…, N, inner…], indices[outer…, I, inner…] → y[outer…, I, inner…]`; `int32` or
  ///   `int64` indices. Negative ones count from the end; evaluation throws for one out of range.
  public func gatheredElements(
    _ indices: Tensor, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("gatherElements", [self, indices], at: site) { () throws(Violation) in
      apply(GatherElements(axis: try shape.normalized(axis: axis)), [self, indices], at: site)
    }
  }
}
