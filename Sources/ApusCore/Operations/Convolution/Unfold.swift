/// All windows side by side: `x[N, s…, C] → y[N, o…, k…, C]`, a view of the same elements.
///
/// - Gradient: linear, with ``FoldWindows`` as its transpose.
package struct UnfoldWindows: Operation {
  /// Windows without padding.
  package let windows: SlidingWindow
  package var name: String { "unfoldWindows" }
  package var attributes: String { "\(windows)" }
  package var cpu: CPUKernel { .view }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      (3...5).contains(x.rank), "needs 1 to 3 spatial axes, [N, spatial…, C]: the rank is \(x.rank)"
    )
    try require(
      (windows.low + windows.high).allSatisfy { $0 == 0 }, "padding is no part of a view")
    let extents = try windows.resultExtents(Array(x.dims.dropFirst().dropLast()))
    return [x.with(shape: Shape([x.dims[0]] + extents + windows.window + [x[-1]]))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let extents = Array(call.operands[0].shape.dims.dropFirst().dropLast())
    return [upstream[0].map { apply(FoldWindows(windows, extents: extents), [$0]) }]
  }
}

/// Adds windows up where they lie: `y[N, o…, k…, C] → x[N, s…, C]`.
///
/// - Gradient: linear, with ``UnfoldWindows`` as its transpose.
package struct FoldWindows: Operation {
  package let windows: SlidingWindow
  /// The spatial extents of the result.
  package let extents: [Int]
  package var name: String { "foldWindows" }
  package var attributes: String { "extents: \(extents), \(windows)" }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow, extents: [Int]) {
    self.windows = windows
    self.extents = extents
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let y = operands[0]
    try require(y.dtype.isFloating, "needs a floating dtype, not \(y.dtype)")
    try require(y.rank == 2 + 2 * extents.count, "has rank \(y.rank)")
    let x = y.with(shape: Shape([y.dims[0]] + extents + [y[-1]]))
    let expected = try UnfoldWindows(windows).resultTypes([x])[0]
    try require(y == expected, "windows of \(x.shape) are \(expected.shape), not \(y.shape)")
    return [x]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0].map { apply(UnfoldWindows(windows), [$0]) }]
  }
}

extension Tensor {
  /// Returns the windows over the spatial axes as rows (im2col).
  ///
  /// The product of the result with a convolution's weight `[O, C, k…]`, its last axes joined and
  /// turned, is that convolution.
  /// - Shape: `x[N, s…, C] → y[N, L, C·∏k]`, `L` windows in row-major order; a row holds a window's
  ///   elements channel by channel.
  /// - Parameters: each list holds one number per spatial axis, or one for all.
  /// - Source: PyTorch, `Unfold`, with the last two axes swapped.
  public func unfolded(
    window: [Int], stride: [Int] = [1], padding: Padding = .valid, dilation: [Int] = [1],
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("unfold", [self], at: site) { () throws(Violation) in
      try SlidingWindow.checkPooled(type)
      let extents = Array(shape.dims.dropFirst().dropLast())
      var windows = try SlidingWindow(
        window: window, stride: stride, dilation: dilation, padding: padding, over: extents)
      let spatial = try windows.resultExtents(extents)
      let ground = padded(low: [0] + windows.low + [0], high: [0] + windows.high + [0])
      windows.removePadding()
      let count = spatial.count
      let all = apply(UnfoldWindows(windows), [ground], at: site)
      if all.error != nil { return all }
      let order = Array(0...count) + [2 * count + 1] + Array((count + 1)...(2 * count))
      let width = windows.window.reduce(shape[-1], *)
      return all.transposed(permutation: order)
        .reshaped(to: Shape([shape.dims[0], spatial.reduce(1, *), width]))
    }
  }

  /// Returns the sum of windows given as rows, each where it lies (col2im): the transpose of
  /// ``unfolded(window:stride:padding:dilation:file:line:)``.
  ///
  /// - Shape: `x[N, L, C·∏k] → y[N, size…, C]`.
  /// - Parameter size: The spatial extents of the result, one number per axis.
  /// - Source: PyTorch, `Fold`, with the operand's last two axes swapped.
  public func folded(
    to size: [Int], window: [Int], stride: [Int] = [1], padding: Padding = .valid,
    dilation: [Int] = [1], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("fold", [self], at: site) { () throws(Violation) in
      try require(rank == 3, "needs rows of windows, [N, L, C·∏k]: the rank is \(rank)")
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      try require((1...3).contains(size.count), "size \(size) names no 1 to 3 spatial axes")
      try require(
        size.allSatisfy { $0 >= 0 && $0 < 1 << 56 }, "size \(size) is no size of spatial axes")
      var windows = try SlidingWindow(
        window: window, stride: stride, dilation: dilation, padding: padding, over: size)
      let spatial = try windows.resultExtents(size)
      let area = windows.window.reduce(1) { $0.timesClamped($1) }
      try require(
        shape[2] % area == 0, "windows of \(area) elements do not divide rows of \(shape[2])")
      let rows = spatial.reduce(1) { $0.timesClamped($1) }
      try require(shape[1] == rows, "has \(shape[1]) windows, \(size) has \(rows)")
      let (low, high, count) = (windows.low, windows.high, size.count)
      windows.removePadding()
      let order = Array(0...count) + Array((count + 2)...(2 * count + 1)) + [count + 1]
      let all = reshaped(to: Shape([shape[0]] + spatial + [shape[2] / area] + windows.window))
        .transposed(permutation: order)
      let extents = (0..<count).map { size[$0] + low[$0] + high[$0] }
      let ground = apply(FoldWindows(windows, extents: extents), [all], at: site)
      if ground.error != nil { return ground }
      let kept = (0..<count).map { low[$0]..<(low[$0] + size[$0]) }
      return ground.sliced([nil] + kept.map { Optional($0) })
    }
  }
}
