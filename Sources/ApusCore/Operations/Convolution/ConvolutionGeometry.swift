/// What the three convolution operations share: how windows slide, and groups.
package struct ConvolutionGeometry: Sendable, Hashable, CustomStringConvertible {
  /// Windows; their sizes are those of the weight's spatial axes.
  package let windows: SlidingWindow
  package let groups: Int

  package init(windows: SlidingWindow, groups: Int) {
    self.windows = windows
    self.groups = groups
  }

  package var description: String { "\(windows), groups: \(groups)" }

  /// The type of the result for `x[N, spatial…, C]` and `w[O, C / groups, k…]`.
  package func resultType(_ x: TensorType, _ w: TensorType) throws(Violation) -> TensorType {
    try Self.check(x, w, groups: groups)
    try require(
      Array(w.dims.dropFirst(2)) == windows.window,
      "the weight's window \(w.dims.dropFirst(2)) is not \(windows.window)")
    let spatial = try windows.resultExtents(Array(x.dims.dropFirst().dropLast()))
    return x.with(shape: Shape([x.dims[0]] + spatial + [w.dims[0]]))
  }

  /// The multiply-adds of any of the three operations for `x[N, s…, C]` and `w[O, C / groups, k…]`;
  /// 0 where the shapes do not fit.
  package func multiplyAdds(_ x: Shape, _ w: Shape) -> Int {
    let extents = (try? windows.resultExtents(Array(x.dims.dropFirst().dropLast()))) ?? [0]
    return ([x.dims.first ?? 0] + extents + w.dims).reduce(1) { $0.timesClamped($1) }
  }

  /// Checks ranks, dtypes and channels.
  static func check(_ x: TensorType, _ w: TensorType, groups: Int) throws(Violation) {
    try require(
      (3...5).contains(x.rank),
      "x needs 1 to 3 spatial axes, [N, spatial…, C]: its rank is \(x.rank)")
    try require(
      w.rank == x.rank,
      "the weight [O, C / groups, window…] has rank \(w.rank), x has rank \(x.rank)")
    try require(x.dtype == w.dtype, "dtypes differ: x is \(x.dtype), weight is \(w.dtype)")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(groups > 0, "groups \(groups) is not positive")
    try require(x[-1] % groups == 0, "\(groups) groups do not divide the \(x[-1]) channels of x")
    try require(
      w.dims[0] % groups == 0, "\(groups) groups do not divide the \(w.dims[0]) output channels")
    let expected = x[-1] / groups
    try require(
      w.dims[1] == expected,
      "channels differ: x has \(x[-1])" + (groups > 1 ? ", \(expected) per group" : "")
        + ", the weight has \(w.dims[1])")
  }
}
