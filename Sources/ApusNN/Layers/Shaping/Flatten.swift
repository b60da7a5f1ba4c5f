import ApusCore

/// Joins neighbouring axes: all but the first, unless told otherwise.
///
/// - Shape: `x[N, d…] → y[N, ∏d]`.
public final class Flatten: Layer, CustomStringConvertible {
  /// The first and the last axis joined; negative ones count from the end.
  public let start: Int
  public let end: Int

  public init(from start: Int = 1, through end: Int = -1) {
    self.start = start
    self.end = end
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
    // A batch of scalars becomes one column.
    if x.rank == 1, start == 1, end == -1 { return }
    let (first, last) = (
      try x.shape.normalized(axis: start), try x.shape.normalized(axis: end)
    )
    try require(first <= last, "axis \(start) lies behind axis \(end)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let dims = x.shape.dims
    if x.rank == 1, start == 1, end == -1 {
      return x.reshaped(to: Shape([dims[0], 1]), file: at.file, line: at.line)
    }
    let first = start < 0 ? start + x.rank : start
    let last = end < 0 ? end + x.rank : end
    let width = dims[first...last].reduce(1) { $0.timesClamped($1) }
    let joined = Array(dims[..<first]) + [width] + Array(dims[(last + 1)...])
    return x.reshaped(to: Shape(joined), file: at.file, line: at.line)
  }

  public var description: String {
    start == 1 && end == -1 ? "Flatten" : "Flatten(\(start)...\(end))"
  }
}
