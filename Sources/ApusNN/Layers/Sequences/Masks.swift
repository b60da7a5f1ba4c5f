import ApusCore

/// Returns which steps of padded sequences are real: `y[n, t] = t < lengths[n]`.
///
/// - Shape: `lengths[N] → y[N, steps]`, `bool`. Lengths below 0 count as 0, beyond `steps` as all.
public func paddingMask(
  lengths: Tensor, steps: Int, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("paddingMask", [lengths], at: site) { () throws(Violation) in
    try require(
      lengths.rank == 1 && (lengths.dtype == .int32 || lengths.dtype == .int64),
      "lengths are i32 or i64 [samples], not \(lengths.type)")
    try requireSteps(steps)
    let places = Tensor.iota([lengths.shape[0], steps], axis: 1, dtype: lengths.dtype)
    return places .< lengths.expanded(at: 1)
  }
}

/// Returns which steps of padded sequences are real, up to the longest unless `steps` is given.
///
/// - Shape: `y[lengths.count, steps]`, `bool`.
public func paddingMask(
  lengths: [Int], steps: Int? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  paddingMask(
    lengths: Tensor(lengths.map { Int64($0) }), steps: steps ?? max(lengths.max() ?? 0, 0),
    file: file, line: line)
}

/// Returns which keys a query may look at when nothing sees the future:
/// `y[i, j] = j ≤ i + keys - queries`.
///
/// The newest query sees all keys: with a cache, keys of earlier steps come first.
/// - Shape: `y[queries, keys]`, `bool`; square unless `keys` is given.
public func causalMask(
  _ queries: Int, keys: Int? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("causalMask", [], at: site) { () throws(Violation) in
    let keys = keys ?? queries
    try requireSteps(queries)
    try requireSteps(keys)
    let ones = Tensor(repeating: 1, shape: [queries, keys], dtype: .uint8)
    return ones.lowerTriangle(diagonal: keys - queries) .> 0
  }
}

/// Refuses a number of steps that no sequence has.
private func requireSteps(_ steps: Int) throws(Violation) {
  try require(steps >= 0 && steps < 1 << 31, "\(steps) steps are not in 0..<2^31")
}

extension Tensor {
  /// Returns the mean over axes of the elements that a mask lets count; 0 where none does.
  ///
  ///     y = Σ x·mask / Σ mask
  ///
  /// - Shape: `x[N, T, …]`, `mask[N, T]`: the mask has the leading axes of `x`, as `bool`. All axes
  ///   of the mask are averaged over unless others are named: `[1]` gives a mean for each sample.
  public func maskedMean(
    _ mask: Tensor, axes: [Int]? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("maskedMean", [self, mask], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      let wide = try mask.leadingMask(for: type)
      let axes = try axes.map { axes throws(Violation) in try shape.normalized(axes: axes) }
      let over = axes ?? Array(0..<mask.rank)
      let total = self.where(wide, else: Tensor(0, like: self)).sum(axes: over)
      let counted = wide.broadcast(to: shape).converted(to: dtype).sum(axes: over)
      return total / maximum(counted, Tensor(1, like: counted))
    }
  }

  /// The mask with axes of extent 1 behind it, so that it stands above the leading axes of `x`.
  func leadingMask(for x: TensorType) throws(Violation) -> Tensor {
    try require(dtype == .bool, "the mask must be bool, not \(dtype)")
    try require(
      rank <= x.rank && shape.dims == Array(x.dims.prefix(rank)),
      "the mask \(shape) does not have the leading axes of \(x.shape)")
    let ones = Array(repeating: 1, count: x.rank - rank)
    return reshaped(to: Shape(shape.dims + ones))
  }

  /// Returns each sequence reversed within its own length, the padding after it as it is.
  ///
  ///     y[n, t] = x[n, lengths[n] - 1 - t] where t < lengths[n], else x[n, t]
  ///
  /// - Shape: `x[N, T, …], lengths[N] → y[N, T, …]`; integer lengths in `0...T`, others count as the
  ///   nearest of these.
  /// - Gradient: `dy` reversed the same way.
  public func reversedSequences(
    lengths: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("reversedSequences", [self, lengths], at: site) { () throws(Violation) in
      try require(rank >= 2, "needs sequences of rank 2 or more, not \(rank)")
      try require(
        (lengths.dtype == .int32 || lengths.dtype == .int64)
          && lengths.shape == [shape.dims[0]],
        "lengths are i32 or i64 [\(shape.dims[0])], not \(lengths.type)")
      let (samples, steps) = (shape.dims[0], shape.dims[1])
      let rows = samples.timesClamped(steps)
      if count == 0 { return self }
      let grid: Shape = [samples, steps]
      let length = lengths.converted(to: .int64).expanded(at: 1)
      let limited = minimum(
        maximum(length, Tensor(0, like: length)), Tensor(Double(steps), like: length))
      let step = Tensor.iota(grid, axis: 1, dtype: .int64)
      let source = (limited - 1 - step).where(step .< limited, else: step)
      let first = Tensor.iota(grid, axis: 0, dtype: .int64) * Double(steps)
      let table = reshaped(to: Shape([rows] + shape.dims.dropFirst(2)))
      return table.gathered((source + first).reshaped(to: [rows]), axis: 0).reshaped(to: shape)
    }
  }

  /// Returns sequences moved one step to the right behind a first token, the last one dropped: what a
  /// decoder is given to predict `x`.
  ///
  ///     y[n, 0] = first;  y[n, t] = x[n, t - 1]
  ///
  /// - Shape: `x[N, T] → y[N, T]`.
  public func shiftedRight(
    first: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("shiftedRight", [self], at: site) { () throws(Violation) in
      try require(rank == 2, "needs tokens [samples, steps], not rank \(rank)")
      try require(
        dtype == .int32 || dtype == .int64, "needs tokens of i32 or i64, not \(dtype)")
      try require(
        first >= 0 && first <= Int(Int32.max), "token \(first) is not the number of a token")
      if shape.dims[1] == 0 { return self }
      let column = Tensor(repeating: Double(first), shape: [shape.dims[0], 1], dtype: dtype)
      return concatenated([column, sliced(axis: 1, 0..<shape.dims[1] - 1)], axis: 1)
    }
  }
}
