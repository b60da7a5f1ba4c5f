/// The mean of each window: `x[N, s…, C] → y[N, o…, C]`.
///
/// - Gradient: linear, with ``AveragePoolGradient`` as its transpose.
/// - Source: oneDNN pooling primitive, `pooling_avg_include_padding` and `…_exclude_padding`.
package struct AveragePool: Operation {
  package let windows: SlidingWindow
  /// Whether padding counts as zeros; otherwise the mean is over real elements only.
  package let countsPadding: Bool
  package var name: String { "averagePool" }
  package var attributes: String { "\(windows), countsPadding: \(countsPadding)" }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow, countsPadding: Bool) {
    self.windows = windows
    self.countsPadding = countsPadding
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [try windows.pooledType(operands[0])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let operation = AveragePoolGradient(
      windows, countsPadding: countsPadding, input: call.operands[0].shape)
    return [upstream[0].map { apply(operation, [$0]) }]
  }
}

/// Spreads each element over its window in equal parts: `dy[N, o…, C] → dx[N, s…, C]`.
///
/// - Gradient: linear, with ``AveragePool`` as its transpose.
package struct AveragePoolGradient: Operation {
  package let windows: SlidingWindow
  package let countsPadding: Bool
  /// The shape of the pooling's operand.
  package let input: Shape
  package var name: String { "averagePoolGradient" }
  package var attributes: String { "input: \(input), \(windows), countsPadding: \(countsPadding)" }
  package var operandNames: [String] { ["dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow, countsPadding: Bool, input: Shape) {
    self.windows = windows
    self.countsPadding = countsPadding
    self.input = input
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0].with(shape: input)
    let y = try windows.pooledType(x)
    try require(operands[0] == y, "dy is \(operands[0]), pooling gives \(y)")
    return [x]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0].map { apply(AveragePool(windows, countsPadding: countsPadding), [$0]) }]
  }
}

extension Tensor {
  /// Returns the mean of each window over the spatial axes of `x[N, s…, C]`.
  ///
  /// - Shape: `x[N, s…, C] → y[N, o…, C]` with `o = ⌊(s + low + high − window) / stride⌋ + 1`.
  /// - Parameters: each list holds one number per spatial axis, or one for all; `stride` is the
  ///   window unless given. `countingPadding` takes padding as zeros into the mean. With `ceilMode`
  ///   the division is rounded up; what the last window has outside the padding never counts.
  public func averagePooled(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, countingPadding: Bool = false,
    ceilMode: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("averagePool", [self], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, padding: padding, roundsUp: ceilMode)
      return apply(AveragePool(windows, countsPadding: countingPadding), [self], at: site)
    }
  }

  /// Returns the mean over all spatial axes: `x[N, s…, C] → y[N, C]`.
  public func globalAveragePooled(file: String = #fileID, line: Int = #line) -> Tensor {
    spatiallyReduced("globalAveragePool", file, line) {
      self.mean(axes: $0, file: file, line: line)
    }
  }

  /// Returns the largest element over all spatial axes: `x[N, s…, C] → y[N, C]`.
  public func globalMaxPooled(file: String = #fileID, line: Int = #line) -> Tensor {
    spatiallyReduced("globalMaxPool", file, line) {
      self.max(axes: $0, file: file, line: line)
    }
  }

  private func spatiallyReduced(
    _ name: String, _ file: String, _ line: Int, _ reduce: ([Int]) -> Tensor
  ) -> Tensor {
    attempt(name, [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(rank >= 3, "needs spatial axes, [N, spatial…, C]: the rank is \(rank)")
      return reduce(Array(1..<(rank - 1)))
    }
  }
}
