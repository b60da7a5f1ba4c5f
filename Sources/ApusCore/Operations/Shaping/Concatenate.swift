/// Joins tensors along an axis.
package struct Concatenate: Operation {
  package let axis: Int
  package var name: String { "concatenate" }
  package var attributes: String { "axis: \(axis)" }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(!operands.isEmpty, "needs at least one tensor")
    let first = operands[0]
    let axis = try first.shape.normalized(axis: axis)
    var dims = first.dims
    dims[axis] = 0
    for (index, operand) in operands.enumerated() {
      try require(
        operand.dtype == first.dtype,
        "dtypes differ: operand 0 is \(first.dtype), operand \(index) is \(operand.dtype)")
      var other = operand.dims
      if other.count == first.rank { other[axis] = first.dims[axis] }
      try require(
        other == first.dims,
        "shapes differ beside axis \(axis): operand 0 is \(first.shape), "
          + "operand \(index) is \(operand.shape)")
      dims[axis] = dims[axis].plusClamped(operand.dims[axis])
    }
    return [first.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return call.operands.map { _ in nil } }
    let axis = self.axis < 0 ? self.axis + dy.rank : self.axis
    var start = 0
    return call.operands.map { operand in
      defer { start += operand.shape.dims[axis] }
      return dy.sliced(axis: axis, start..<(start + operand.shape.dims[axis]))
    }
  }
}

/// Returns the tensors joined along an existing axis.
public func concatenated(
  _ tensors: [Tensor], axis: Int = 0, file: String = #fileID, line: Int = #line
) -> Tensor {
  apply(Concatenate(axis: axis), tensors, at: CallSite(file: file, line: line))
}

/// Returns the tensors joined along a new axis.
public func stacked(
  _ tensors: [Tensor], axis: Int = 0, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let rank = tensors.first?.rank ?? 0
  let place = axis < 0 && axis + rank + 1 >= 0 ? axis + rank + 1 : axis
  if let failed = tensors.first(where: { $0.error != nil }) { return failed }
  guard (0...rank).contains(place) else {
    let reason = "axis \(axis) is out of range for \(tensors.count) tensors of rank \(rank)"
    return Tensor(error: refusal(of: "stack", tensors, Violation(reason), at: site))
  }
  let expanded = tensors.map { $0.expanded(at: place, file: file, line: line) }
  return apply(Concatenate(axis: place), expanded, at: site).sited(at: site)
}
