/// Chooses between two operands, element by element.
package struct Select: Operation {
  package var name: String { "where" }
  package var operandNames: [String] { ["condition", "a", "b"] }
  package var cpu: CPUKernel { .instruction("select") }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (condition, a, b) = (operands[0], operands[1], operands[2])
    try require(condition.dtype == .bool, "condition must be bool, not \(condition.dtype)")
    try require(a.dtype == b.dtype, "dtypes differ: a is \(a.dtype), b is \(b.dtype)")
    try require(
      condition.shape == a.shape && a.shape == b.shape,
      "shapes differ: \(condition.shape), \(a.shape) and \(b.shape)")
    return [a]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil, nil] }
    let zero = Tensor(0, like: dy)
    let condition = call.operands[0]
    return [nil, dy.where(condition, else: zero), zero.where(condition, else: dy)]
  }
}

extension Tensor {
  /// Returns elements of `self` where `condition` holds and of `other` elsewhere; all three
  /// broadcast.
  public func `where`(
    _ condition: Tensor, else other: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("where", [condition, self, other], at: site) { () throws(Violation) in
      let shape = try self.shape.broadcast(with: other.shape).broadcast(with: condition.shape)
      let operands = [condition, self, other].map { $0.broadcast(to: shape) }
      return apply(Select(), operands, at: site)
    }
  }

  /// Returns elements limited to `lower...upper`.
  public func clamped(
    to range: ClosedRange<Double>, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let low = maximum(self, Tensor(range.lowerBound, like: self), file: file, line: line)
    return minimum(low, Tensor(range.upperBound, like: self), file: file, line: line)
  }
}
