/// Where each window's first largest element lies: `x[N, s…, C] → indices[N, o…, C]`, `int64`.
///
/// A place is counted over the spatial axes in row-major order, as PyTorch counts it.
package struct MaxPoolIndices: Operation {
  package let windows: SlidingWindow
  package var name: String { "maxPoolIndices" }
  package var attributes: String { "\(windows)" }
  package var cpu: CPUKernel { .kernel }

  package init(_ windows: SlidingWindow) { self.windows = windows }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [try windows.pooledType(operands[0]).with(dtype: .int64)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

extension Tensor {
  /// Returns the largest element of each window, and where it lies among the spatial elements
  /// counted in row-major order: what ``maxUnpooled(_:to:naming:file:line:)`` takes.
  ///
  /// - Shape: `x[N, s…, C] → values[N, o…, C], indices[N, o…, C]` of `int64`; windows as in
  ///   ``maxPooled(window:stride:padding:dilation:ceilMode:file:line:)``.
  /// - Gradient: to the first largest element of each window; none through the indices.
  public func maxPooledWithIndices(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, dilation: [Int] = [1],
    ceilMode: Bool = false, file: String = #fileID, line: Int = #line
  ) -> (values: Tensor, indices: Tensor) {
    let values = maxPooled(
      window: window, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode,
      file: file, line: line)
    let site = CallSite(file: file, line: line)
    let indices = attempt("maxPool", [self], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, dilation: dilation, padding: padding,
        roundsUp: ceilMode)
      return apply(MaxPoolIndices(windows), [self], at: site)
    }
    return (values, values.error == nil ? indices : values)
  }

  /// Whether an unpooling may meet a place more than once.
  public enum UnpoolingPlaces: Sendable {
    /// Each at most once, as pooling windows that do not overlap give; a place named twice after all
    /// holds the sum.
    case once
    /// Any number of times, as overlapping windows give: the place holds the mean.
    case repeatedly
  }

  /// Puts the elements of `x[N, o…, C]` at places of a zero `y[N, size…, C]`: a partial inverse of max
  /// pooling.
  ///
  /// - Shape: `x[N, o…, C], indices[N, o…, C] → y[N, size…, C]`; a place outside the result is a data
  ///   error, found by evaluation.
  /// - Parameters:
  ///   - size: One number per spatial axis, or one for all.
  ///   - places: Pass `.repeatedly` where windows overlap; it costs a second pass.
  /// - Source: Zeiler and Fergus 2014, section 2.1.
  public func maxUnpooled(
    _ indices: Tensor, to size: [Int], naming places: UnpoolingPlaces = .once,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("maxUnpool", [self, indices], at: site) { () throws(Violation) in
      try SlidingWindow.checkPooled(type)
      try requireIndexDType(indices.dtype)
      try require(
        indices.shape == shape, "indices \(indices.shape) and elements \(shape) differ in shape")
      let extents = try spread(size, rank - 2, "size")
      try require(extents.allSatisfy { $0 > 0 }, "size \(extents) is not positive")
      let area = extents.reduce(1) { $0.timesClamped($1) }
      let (batch, channels) = (shape.dims[0], shape[-1])
      try TensorType(dtype, [batch, area, channels]).checkSize()
      let flat: Shape = [batch, shape.dims[1..<(rank - 1)].reduce(1, *), channels]
      let (elements, at) = (reshaped(to: flat), indices.reshaped(to: flat))
      let zeros = Tensor.zeros([batch, area, channels], dtype: dtype)
      var y = zeros.scatteringAddElements(elements, at: at, axis: 1, file: file, line: line)
      if places == .repeatedly {
        let ones = Tensor.ones(flat, dtype: dtype)
        y = y / zeros.scatteringAddElements(ones, at: at, axis: 1).clamped(to: 1...Double.infinity)
      }
      return y.reshaped(to: Shape([batch] + extents + [channels]))
    }
  }
}
