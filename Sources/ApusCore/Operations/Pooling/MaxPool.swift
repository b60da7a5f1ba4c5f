/// The largest element of each window: `x[N, s…, C] → y[N, o…, C]`; padding never wins.
///
/// - Gradient: the whole of `dy` goes to the first largest element of its window.
/// - Source: StableHLO specification, `reduce_window` and `select_and_scatter`.
package struct MaxPool: Operation {
  package let windows: SlidingWindow
  package var name: String { "maxPool" }
  package var attributes: String { "\(windows)" }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [try windows.pooledType(operands[0])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0].map { apply(MaxPoolGradient(windows), [call.operands[0], $0]) }]
  }
}

/// Puts each element of `dy` where its window of `x` is largest: `x, dy[N, o…, C] → dx[N, s…, C]`.
///
/// - Gradient: linear in `dy`, with ``MaxPoolGather`` as its transpose; none flows to `x`.
package struct MaxPoolGradient: Operation {
  package let windows: SlidingWindow
  package var name: String { "maxPoolGradient" }
  package var attributes: String { "\(windows)" }
  package var operandNames: [String] { ["x", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let y = try windows.pooledType(operands[0])
    try require(operands[1] == y, "dy is \(operands[1]), pooling gives \(y)")
    return [operands[0]]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [nil, upstream[0].map { apply(MaxPoolGather(windows), [call.operands[0], $0]) }]
  }
}

/// Takes from `v` what lies where each window of `x` is largest: `x, v[N, s…, C] → y[N, o…, C]`.
///
/// - Gradient: linear in `v`, with ``MaxPoolGradient`` as its transpose; none flows to `x`.
package struct MaxPoolGather: Operation {
  package let windows: SlidingWindow
  package var name: String { "maxPoolGather" }
  package var attributes: String { "\(windows)" }
  package var operandNames: [String] { ["x", "v"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(operands[0] == operands[1], "types differ: x is \(operands[0]), v \(operands[1])")
    return [try windows.pooledType(operands[0])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [nil, upstream[0].map { apply(MaxPoolGradient(windows), [call.operands[0], $0]) }]
  }
}

extension Tensor {
  /// Returns the largest element of each window over the spatial axes of `x[N, s…, C]`.
  ///
  /// - Shape: `x[N, s…, C] → y[N, o…, C]` with
  ///   `o = ⌊(s + low + high − dilation·(window − 1) − 1) / stride⌋ + 1`.
  /// - Parameters: each list holds one number per spatial axis, or one for all; `stride` is the
  ///   window unless given. Padding counts as −∞. With `ceilMode` the division is rounded up: a last
  ///   window that begins inside and ends outside counts too.
  /// - Gradient: to the first largest element of each window.
  public func maxPooled(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, dilation: [Int] = [1],
    ceilMode: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("maxPool", [self], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, dilation: dilation, padding: padding,
        roundsUp: ceilMode)
      return apply(MaxPool(windows), [self], at: site)
    }
  }
}

extension SlidingWindow {
  /// The windows of a pooling of `x`.
  init(
    pooling x: TensorType, window: [Int], stride: [Int]?, dilation: [Int] = [1], padding: Padding,
    roundsUp: Bool = false
  ) throws(Violation) {
    try Self.checkPooled(x)
    try self.init(
      window: window, stride: stride ?? window, dilation: dilation, padding: padding,
      over: Array(x.dims.dropFirst().dropLast()))
    self.roundsUp = roundsUp
  }

  /// The bins of an adaptive pooling of `x`.
  init(pooling x: TensorType, to sizes: [Int]) throws(Violation) {
    try Self.checkPooled(x)
    try self.init(bins: sizes, over: Array(x.dims.dropFirst().dropLast()))
  }

  static func checkPooled(_ x: TensorType) throws(Violation) {
    try require(
      (3...5).contains(x.rank), "needs 1 to 3 spatial axes, [N, spatial…, C]: the rank is \(x.rank)"
    )
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  }

  /// The type of a pooling of `x`; refuses windows that can lie in the padding alone.
  func pooledType(_ x: TensorType) throws(Violation) -> TensorType {
    try Self.checkPooled(x)
    let spatial = try resultExtents(Array(x.dims.dropFirst().dropLast()))
    for axis in 0..<rank where bins == nil {
      let amount = Swift.max(low[axis], high[axis])
      try require(
        amount < span(axis),
        "padding \(amount) of spatial axis \(axis) is not below the window of \(span(axis))")
    }
    return x.with(shape: Shape([x.dims[0]] + spatial + [x[-1]]))
  }
}
