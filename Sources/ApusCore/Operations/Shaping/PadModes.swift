/// What stands beyond the border of a padded tensor.
public enum PadMode: Sendable, Hashable {
  /// One value everywhere.
  case constant(Double)
  /// The tensor mirrored at its border element, which is not repeated: `c b | a b c | b a`.
  case reflect
  /// The tensor mirrored behind its border element: `b a | a b c | c b`.
  case symmetric
  /// The border element repeated: `a a | a b c | c c`.
  case edge
  /// The tensor continued from its other end: `b c | a b c | a b`.
  case circular
}

extension Tensor {
  /// Returns the tensor surrounded as `mode` says: `low` elements before and `high` after each axis.
  ///
  /// Amounts beyond the tensor go on mirroring or repeating, as in NumPy's `pad`.
  /// - Shape: `x[d₀, …] → y[low₀ + d₀ + high₀, …]`.
  /// - Gradient: each element receives the sum over the places it was copied to.
  public func padded(
    low: [Int], high: [Int], mode: PadMode, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if case .constant(let value) = mode {
      return padded(low: low, high: high, value: value, file: file, line: line)
    }
    let site = CallSite(file: file, line: line)
    return attempt("pad", [self], at: site) { () throws(Violation) in
      try require(
        low.count == rank && high.count == rank,
        "names \(low.count) axes before and \(high.count) after, the operand has \(rank)")
      var dims: [Int] = []
      for axis in 0..<rank {
        try require(
          low[axis] >= 0 && high[axis] >= 0,
          "padding \(low[axis]) and \(high[axis]) of axis \(axis) is negative")
        let isPadded = low[axis] > 0 || high[axis] > 0
        try require(
          !isPadded || shape.dims[axis] > 0, "axis \(axis) is empty: it has nothing to repeat")
        try require(
          !isPadded || mode != .reflect || shape.dims[axis] > 1,
          "axis \(axis) has one element: it has nothing to reflect")
        dims.append(shape.dims[axis].plusClamped(low[axis]).plusClamped(high[axis]))
      }
      try type.with(shape: Shape(dims)).checkSize()
      // Nothing to copy, however long the axes that something would be copied along.
      if count == 0 { return Tensor(repeating: 0, shape: Shape(dims), dtype: dtype) }
      return (0..<rank).reduce(self) { x, axis in
        x.padded(axis: axis, low: low[axis], high: high[axis], mode, site)
      }
    }
  }

  /// Pads one axis with slices of the tensor itself, as many times as they have to be repeated.
  private func padded(
    axis: Int, low: Int, high: Int, _ mode: PadMode, _ site: CallSite
  ) -> Tensor {
    if low == 0 && high == 0 { return self }
    let extent = shape.dims[axis]
    let places = Tensor.range(low + extent + high, dtype: .int64) - Double(low)
    return gathered(mode.sources(places, extent: Double(extent)), axis: axis)
      .sited(at: site)
  }
}

extension PadMode {
  /// The element that stands at each place, counted from the first element of the tensor.
  fileprivate func sources(_ places: Tensor, extent: Double) -> Tensor {
    /// The remainder of a division that rounds down.
    func wrapped(_ x: Tensor, _ period: Double) -> Tensor {
      let whole = Tensor(period, like: x)
      return (x % whole + whole) % whole
    }
    switch self {
    case .constant: return places
    case .edge: return places.clamped(to: 0...(extent - 1))
    case .circular: return wrapped(places, extent)
    case .reflect:
      let place = wrapped(places, 2 * extent - 2)
      return minimum(place, (2 * extent - 2) - place)
    case .symmetric:
      let place = wrapped(places, 2 * extent)
      return minimum(place, (2 * extent - 1) - place)
    }
  }
}
