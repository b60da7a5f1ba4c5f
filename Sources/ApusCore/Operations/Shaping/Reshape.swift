/// The same elements, in row-major order, under another shape.
package struct Reshape: Operation {
  package let shape: Shape
  package init(shape: Shape) { self.shape = shape }
  package var name: String { "reshape" }
  package var attributes: String { "\(shape)" }
  package var cpu: CPUKernel { .view }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      shape.dims.allSatisfy { $0 >= 0 } && x.count == shape.count,
      "\(x.shape) has \(x.count) elements, \(shape) has \(shape.count)")
    return [x.with(shape: shape)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0]?.reshaped(to: call.operands[0].shape)]
  }
}

extension Tensor {
  /// Returns the same elements under another shape; one extent may be -1 and is inferred.
  public func reshaped(
    to dims: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if error != nil { return self }
    var dims = dims
    let unknown = dims.indices.filter { dims[$0] == -1 }
    let known = dims.reduce(1) { $1 == -1 ? $0 : $0.timesClamped($1) }
    if unknown.count == 1, known > 0, count % known == 0 { dims[unknown[0]] = count / known }
    return reshaped(to: Shape(dims), file: file, line: line)
  }

  /// Returns the same elements under another shape.
  public func reshaped(
    to shape: Shape, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if error != nil || shape == self.shape { return self }
    return apply(Reshape(shape: shape), [self], at: CallSite(file: file, line: line))
  }

  /// Returns the tensor with the axes from `start` on merged into one.
  ///
  /// - Shape: `x[a, b, c, d] → y[a, b·c·d]` for `start` 1.
  public func flattened(
    from start: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("flatten", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      if rank == 0 { return reshaped(to: [1]) }
      let axis = try shape.normalized(axis: start)
      let tail = shape.dims[axis...].reduce(1, *)
      return reshaped(to: Array(shape.dims[..<axis]) + [tail])
    }
  }

  /// Returns the tensor with an axis of extent 1 inserted before `axis`; -1 appends one.
  public func expanded(
    at axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("expand", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      let index = axis < 0 ? axis + rank + 1 : axis
      try require((0...rank).contains(index), "axis \(axis) is out of range for rank \(rank)")
      var dims = shape.dims
      dims.insert(1, at: index)
      return reshaped(to: Shape(dims))
    }
  }

  /// Returns the tensor without the given axes of extent 1, or without all such axes.
  public func squeezed(
    axes: [Int]? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("squeeze", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      let named = try axes.map { axes throws(Violation) in try shape.normalized(axes: axes) }
      let dropped = named ?? shape.dims.indices.filter { shape.dims[$0] == 1 }
      for axis in dropped {
        try require(shape.dims[axis] == 1, "axis \(axis) has extent \(shape.dims[axis]), not 1")
      }
      return reshaped(
        to: shape.dims.indices.filter { !dropped.contains($0) }.map { shape.dims[$0] })
    }
  }
}
