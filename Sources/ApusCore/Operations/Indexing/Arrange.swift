extension Tensor {
  /// Returns the tensor with elements shifted along axes; those pushed out come back at the start.
  ///
  ///     y[i] = x[(i - shift) mod n]
  public func rolled(
    by shifts: [Int], axes: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("roll", [self], at: site) { () throws(Violation) in
      try require(
        shifts.count == axes.count, "has \(shifts.count) shifts for \(axes.count) axes")
      var y = self
      for (shift, axis) in zip(shifts, axes) {
        let axis = try shape.normalized(axis: axis)
        let extent = shape.dims[axis]
        let cut = extent == 0 ? 0 : ((extent - shift % extent) % extent)
        if cut == 0 { continue }
        y = concatenated(
          [y.sliced(axis: axis, cut..<extent), y.sliced(axis: axis, 0..<cut)], axis: axis)
      }
      return y
    }
  }

  /// Returns the tensor laid `repetitions[i]` times side by side along each axis `i`.
  ///
  /// - Shape: `x[a, b] → y[r₀·a, r₁·b]`.
  public func tiled(
    _ repetitions: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("tile", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(
        repetitions.count == rank, "has \(repetitions.count) repetitions for rank \(rank)")
      for count in repetitions { try require(count >= 0, "repetition \(count) is negative") }
      let pairs = Array(zip(repetitions, shape.dims))
      return reshaped(to: Shape(pairs.flatMap { [1, $1] }))
        .broadcast(to: Shape(pairs.flatMap { [$0, $1] }))
        .reshaped(to: Shape(pairs.map { $0.timesClamped($1) }))
    }
  }

  /// Returns the tensor with every element of an axis repeated `count` times in a row.
  ///
  /// - Shape: `x[…, a, …] → y[…, a·count, …]`.
  public func repeated(
    _ count: Int, axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("repeat", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      try require(count >= 0, "count \(count) is negative")
      var (spread, dims) = (shape.dims, shape.dims)
      spread.insert(count, at: axis + 1)
      dims[axis] = dims[axis].timesClamped(count)
      return expanded(at: axis + 1).broadcast(to: Shape(spread)).reshaped(to: Shape(dims))
    }
  }
}
