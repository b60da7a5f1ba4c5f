/// A place drawn from each window: `x[N, s…, C], u[N, o…, C] → indices[N, o…, C]`, `int64`.
///
/// The place is the first whose running sum of `max(x, 0)` exceeds `u` times the window's sum; the
/// first of all where that sum is 0. Padding is never drawn. Places are counted over the spatial axes
/// in row-major order.
package struct StochasticPoolIndices: Operation {
  package let windows: SlidingWindow
  package var name: String { "stochasticPoolIndices" }
  package var attributes: String { "\(windows)" }
  package var operandNames: [String] { ["x", "u"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let y = try windows.pooledType(operands[0])
    try require(operands[1] == y, "u is \(operands[1]), pooling gives \(y)")
    return [y.with(dtype: .int64)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil, nil] }
}

extension Tensor {
  /// Returns an element drawn from each window, an activation `x > 0` with probability
  /// `x / Σ max(x, 0)`; 0 where a window has none.
  ///
  /// - Shape: `x[N, s…, C] → y[N, o…, C]`; windows as in
  ///   ``maxPooled(window:stride:padding:dilation:ceilMode:file:line:)``.
  /// - Gradient: to the element drawn.
  /// - Source: Zeiler and Fergus 2013, eq. 2 and 3.
  public func stochasticPooled(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, key: RandomKey,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("stochasticPool", [self, key.tensor], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, padding: padding)
      let y = try windows.pooledType(type)
      try y.checkSize()
      let u = Tensor.uniform(y.shape, dtype: dtype, key: key)
      let indices = apply(StochasticPoolIndices(windows), [self, u], at: site)
      let area = shape.dims[1..<(rank - 1)].reduce(1, *)
      let spots = y.dims[1..<(rank - 1)].reduce(1, *)
      return relu().reshaped(to: [y.dims[0], area, y[-1]])
        .gatheredElements(indices.reshaped(to: [y.dims[0], spots, y[-1]]), axis: 1)
        .reshaped(to: y.shape)
    }
  }

  /// Returns the mean of each window's activations, weighted by the probabilities with which
  /// ``stochasticPooled(window:stride:padding:key:file:line:)`` draws them: `Σ p·x`.
  ///
  /// - Shape: `x[N, s…, C] → y[N, o…, C]`; 0 where a window has no activation above 0.
  /// - Source: Zeiler and Fergus 2013, eq. 6.
  public func expectedStochasticPooled(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("stochasticPool", [self], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, padding: padding)
      let pool = AveragePool(windows, countsPadding: true)
      // Both means divide by the same number, which cancels.
      let x = relu()
      let total = apply(pool, [x], at: site)
      let isEmpty = total .== 0
      let mean = apply(pool, [x.square()], at: site)
      return (mean / Tensor(1, like: total).where(isEmpty, else: total))
        .where(.!isEmpty, else: Tensor(0, like: total))
    }
  }
}
