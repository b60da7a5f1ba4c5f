/// Reverses the order of elements along axes.
package struct Reverse: Operation {
  package let axes: [Int]
  package var name: String { "reverse" }
  package var attributes: String { "axes: \(axes)" }
  package var cpu: CPUKernel { .view }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try operands[0].shape.normalized(axes: axes)
    return [operands[0]]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0]?.flipped(axes: axes)]
  }
}

extension Tensor {
  /// Returns the tensor with elements in reverse order along the given axes.
  public func flipped(axes: [Int], file: String = #fileID, line: Int = #line) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("reverse", [self], at: site) { () throws(Violation) in
      apply(Reverse(axes: try shape.normalized(axes: axes)), [self], at: site)
    }
  }
}
