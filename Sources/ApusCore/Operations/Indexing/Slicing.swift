extension Tensor {
  /// Returns the part given by a range for each leading axis; `nil` keeps a whole axis.
  ///
  /// - Parameter strides: Takes every `strides[i]`-th element of axis `i`.
  public func sliced(
    _ ranges: [Range<Int>?], strides: [Int]? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("slice", [self], at: site) { () throws(Violation) in
      try require(ranges.count <= rank, "has \(ranges.count) ranges for rank \(rank)")
      let steps = strides ?? ranges.map { _ in 1 }
      try require(
        steps.count == ranges.count, "has \(steps.count) strides for \(ranges.count) ranges")
      let rest = rank - ranges.count
      let all = ranges + Array(repeating: nil, count: rest)
      return apply(
        Slice(
          starts: all.map { $0?.lowerBound ?? 0 },
          limits: zip(all, shape.dims).map { $0?.upperBound ?? $1 },
          // Beyond the extent, one step is as good as another.
          strides: zip(steps, shape.dims).map { Swift.min($0, Swift.max($1, 1)) }
            + Array(repeating: 1, count: rest)), [self], at: site)
    }
  }

  /// Returns elements `start, start + stride, …` of an axis, before `end`.
  ///
  /// Negative positions count from the end. A negative stride walks backwards; without positions it
  /// starts at the last element.
  public func sliced(
    axis: Int, from start: Int? = nil, to end: Int? = nil, stride step: Int = 1,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("slice", [self], at: site) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      let extent = shape.dims[axis]
      func place(_ position: Int) throws(Violation) -> Int {
        let index = position < 0 ? position + extent : position
        try require(
          (0...extent).contains(index),
          "position \(position) is out of range for axis \(axis) with extent \(extent)")
        return index
      }
      try require(step != 0, "stride of axis \(axis) is 0")
      let first = try start.map(place)
      let last = try end.map(place)
      if step > 0 {
        let low = first ?? 0
        return sliced(
          axis: axis, low..<Swift.max(low, last ?? extent), stride: step, file: file, line: line)
      }
      // Position p of the axis is position extent - 1 - p of the reversed one.
      let low = first.map { Swift.max(extent - 1 - $0, 0) } ?? 0
      let high = last.map { extent - 1 - $0 } ?? extent
      return flipped(axes: [axis]).sliced(
        axis: axis, low..<Swift.max(low, high), stride: step == .min ? .max : -step, file: file,
        line: line)
    }
  }

  /// Returns a diagonal of the last two axes: `offset` above 0 lies right of the main one.
  ///
  /// - Shape: `x[…, n, m] → y[…, d]`; `d` is `min(n, m)` for the main diagonal.
  public func diagonal(
    offset: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("diagonal", [self], at: site) { () throws(Violation) in
      try require(rank >= 2, "needs rank 2 or more, has \(rank)")
      let (n, m) = (shape[-2], shape[-1])
      let length = Swift.max(Swift.min(offset < 0 ? n + offset : n, offset > 0 ? m - offset : m), 0)
      let start = length == 0 ? 0 : offset >= 0 ? offset : -offset * m
      let limit = length == 0 ? 0 : start + (length - 1) * (m + 1) + 1
      return reshaped(to: Shape(shape.dims.dropLast(2) + [n * m]))
        .sliced(axis: -1, start..<limit, stride: m + 1)
    }
  }

  /// Returns the matrices in the last two axes with zeros above a diagonal.
  public func lowerTriangle(
    diagonal offset: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    triangle("lowerTriangle", offset, CallSite(file: file, line: line)) { $1 .<= $0 + $2 }
  }

  /// Returns the matrices in the last two axes with zeros below a diagonal.
  public func upperTriangle(
    diagonal offset: Int = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    triangle("upperTriangle", offset, CallSite(file: file, line: line)) { $1 .>= $0 + $2 }
  }

  private func triangle(
    _ name: String, _ offset: Int, _ site: CallSite,
    keeping rule: (_ row: Tensor, _ column: Tensor, _ offset: Double) -> Tensor
  ) -> Tensor {
    attempt(name, [self], at: site) { () throws(Violation) in
      try require(rank >= 2, "needs rank 2 or more, has \(rank)")
      let matrix: Shape = [shape[-2], shape[-1]]
      // Beyond the corners nothing changes, and coordinates stay in range.
      let reach = Swift.min(Swift.max(offset, -shape[-2]), shape[-1])
      let kept = rule(
        Tensor.iota(matrix, axis: 0), Tensor.iota(matrix, axis: 1), Double(reach))
      return self.where(kept, else: Tensor(0, like: self))
    }
  }
}
