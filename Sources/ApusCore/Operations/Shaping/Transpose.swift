/// Reorders axes: axis `i` of the result is axis `permutation[i]` of the operand.
package struct Transpose: Operation {
  package let permutation: [Int]
  package init(permutation: [Int]) { self.permutation = permutation }
  package var name: String { "transpose" }
  package var attributes: String { "\(permutation)" }
  package var cpu: CPUKernel { .view }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      permutation.sorted() == Array(0..<x.rank),
      "\(permutation) is not a permutation of the \(x.rank) axes")
    return [x.with(shape: Shape(permutation.map { x.dims[$0] }))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    var inverse = permutation
    for (index, axis) in permutation.enumerated() { inverse[axis] = index }
    return [upstream[0]?.transposed(permutation: inverse)]
  }
}

extension Tensor {
  /// Returns the tensor with its axes reordered: axis `i` of the result is axis `permutation[i]`.
  public func transposed(
    permutation: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let axes = permutation.map { $0 < 0 ? $0 + rank : $0 }
    if error != nil || (axes == Array(0..<rank)) { return self }
    return apply(
      Transpose(permutation: axes), [self], at: CallSite(file: file, line: line))
  }

  /// Returns the tensor with its last two axes exchanged.
  public func matrixTransposed(file: String = #fileID, line: Int = #line) -> Tensor {
    swappingAxes(-1, -2, file: file, line: line)
  }

  /// Returns the tensor with two axes exchanged.
  public func swappingAxes(
    _ first: Int, _ second: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("transpose", [self], at: site) { () throws(Violation) in
      var permutation = Array(0..<rank)
      permutation.swapAt(try shape.normalized(axis: first), try shape.normalized(axis: second))
      return transposed(permutation: permutation, file: file, line: line)
    }
  }
}
