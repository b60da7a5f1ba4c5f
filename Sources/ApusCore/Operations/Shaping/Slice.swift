/// Picks elements `start, start + stride, …` below `limit` along each axis.
///
/// - Gradient: the values put back at their places, zeros between.
/// - Source: StableHLO specification, `slice`.
package struct Slice: Operation {
  package let starts: [Int]
  package let limits: [Int]
  package let strides: [Int]
  package var name: String { "slice" }
  package var attributes: String { "\(starts) ..< \(limits) by \(strides)" }
  package var cpu: CPUKernel { .view }

  package init(starts: [Int], limits: [Int], strides: [Int]) {
    self.starts = starts
    self.limits = limits
    self.strides = strides
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      starts.count == x.rank && limits.count == x.rank && strides.count == x.rank,
      "names \(starts.count) axes, the operand has \(x.rank)")
    var dims: [Int] = []
    for axis in 0..<x.rank {
      let (start, limit, step) = (starts[axis], limits[axis], strides[axis])
      try require(step > 0, "stride \(step) of axis \(axis) is not positive")
      try require(
        0 <= start && start <= limit && limit <= x.dims[axis],
        "\(start)..<\(limit) is out of range for axis \(axis) with extent \(x.dims[axis])")
      dims.append(limit == start ? 0 : (limit - start - 1) / step + 1)
    }
    return [x.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    let x = call.operands[0].shape
    let high = x.dims.indices.map { axis in
      let extent = dy.shape.dims[axis]
      let span = extent == 0 ? 0 : (extent - 1) * strides[axis] + 1
      return x.dims[axis] - starts[axis] - span
    }
    return [
      apply(
        Pad(low: starts, high: high, interior: strides.map { $0 - 1 }, value: Literal(0.0)), [dy])
    ]
  }
}

extension Tensor {
  /// Returns the part of an axis given by a range, optionally every `stride`-th element.
  public func sliced(
    axis: Int, _ range: Range<Int>, stride step: Int = 1, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("slice", [self], at: site) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      var starts = Array(repeating: 0, count: rank)
      var limits = shape.dims
      var strides = Array(repeating: 1, count: rank)
      (starts[axis], limits[axis], strides[axis]) = (
        range.lowerBound, range.upperBound, Swift.min(step, Swift.max(shape.dims[axis], 1))
      )
      return apply(Slice(starts: starts, limits: limits, strides: strides), [self], at: site)
    }
  }

  /// Element `index` of the first axis, without that axis; negative counts from the end.
  public subscript(index: Int) -> Tensor {
    attempt("subscript", [self], at: nil) { () throws(Violation) in
      try require(rank > 0, "a scalar has no elements to index")
      let place = index < 0 ? index + shape.dims[0] : index
      try require(
        place >= 0 && place < shape.dims[0],
        "index \(index) is out of range for axis 0 with extent \(shape.dims[0])")
      return sliced(axis: 0, place..<(place + 1)).reshaped(to: Array(shape.dims.dropFirst()))
    }
  }

  /// The elements of the first axis in a range.
  public subscript(range: Range<Int>) -> Tensor { sliced(axis: 0, range) }
}
