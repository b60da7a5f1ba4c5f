/// What padding is filled with.
public enum PaddingMode: String, Sendable, Hashable, CaseIterable {
  /// Zeros.
  case zeros
  /// The elements of the other end: the axis is a circle.
  case circular
  /// The elements mirrored at the first and the last one, which are not repeated.
  case reflect
  /// The first and the last element.
  case replicate
}

extension Tensor {
  /// Returns the tensor with `low` elements before and `high` after each axis, filled as `mode` says.
  ///
  /// - Shape: `x[d…] → y[low + d + high, …]`. No amount may be negative; `circular` takes no more than
  ///   the extent, `reflect` less than it.
  /// - Gradient: every element of the padding flows to the one it repeats.
  public func padded(
    low: [Int], high: [Int], mode: PaddingMode, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("pad", [self], at: site) { () throws(Violation) in
      try require(
        low.count == rank && high.count == rank,
        "names \(low.count) and \(high.count) axes, the operand has \(rank)")
      for axis in 0..<rank {
        let most = Swift.max(low[axis], high[axis])
        let (extent, amounts) = (shape.dims[axis], (low[axis], high[axis]))
        try require(
          Swift.min(low[axis], high[axis]) >= 0, "padding \(amounts) of axis \(axis) is negative")
        try require(most < 1 << 56, "padding \(amounts) of axis \(axis) is too large")
        let limit =
          switch mode {
          case .zeros: Int.max
          case .circular: extent
          case .reflect: Swift.max(extent - 1, 0)
          case .replicate: extent > 0 ? Int.max : 0
          }
        try require(
          most <= limit,
          "\(mode.rawValue) padding \(amounts) does not fit axis \(axis) with extent \(extent)")
      }
      if mode == .zeros { return padded(low: low, high: high, file: file, line: line) }
      var y = self
      for axis in 0..<rank where low[axis] > 0 || high[axis] > 0 {
        let size = shape.dims[axis] + low[axis] + high[axis]
        y = apply(
          Resample(axis: axis, size: size, rule: mode.rule(low: low[axis])), [y], at: site)
      }
      return y
    }
  }
}

extension PaddingMode {
  fileprivate func rule(low: Int) -> Resampling {
    switch self {
    case .circular: .circular(low: low)
    case .reflect: .reflect(low: low)
    case .zeros, .replicate: .replicate(low: low)
    }
  }
}
