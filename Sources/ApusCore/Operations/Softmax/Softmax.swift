/// Exponentials divided by their sum along an axis: `y = eˣ / Σ eˣ`.
///
/// - Gradient: `dx = y·(dy − Σ dy·y)`.
package struct Softmax: Composite {
  /// The axis, non-negative.
  package let axis: Int
  package var name: String { "softmax" }
  package var attributes: String { "axis: \(axis)" }
  package var cpu: CPUKernel { .kernel }

  package init(axis: Int) { self.axis = axis }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try checkSoftmax(operands[0], axis)
    return [operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let e = operands[0].shiftedBelowZero(axis).exp()
    return [e / e.sum(axes: [axis], keepingAxes: true)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    let y = call.results[0]
    return [y * (dy - (dy * y).sum(axes: [axis], keepingAxes: true))]
  }
}

/// The logarithm of the softmax along an axis: `y = x − log Σ eˣ`.
///
/// - Gradient: `dx = dy − eʸ·Σ dy`.
package struct LogSoftmax: Composite {
  package let axis: Int
  package var name: String { "logSoftmax" }
  package var attributes: String { "axis: \(axis)" }
  package var cpu: CPUKernel { .kernel }

  package init(axis: Int) { self.axis = axis }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try checkSoftmax(operands[0], axis)
    return [operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let shifted = operands[0].shiftedBelowZero(axis)
    return [shifted - shifted.exp().sum(axes: [axis], keepingAxes: true).log()]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    return [dy - call.results[0].exp() * dy.sum(axes: [axis], keepingAxes: true)]
  }
}

private func checkSoftmax(_ x: TensorType, _ axis: Int) throws(Violation) {
  try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  let axis = try x.shape.normalized(axis: axis)
  try require(x.dims[axis] > 0, "axis \(axis) is empty")
}

extension Tensor {
  /// Returns the elements less the largest along an axis, so that no exponential overflows.
  fileprivate func shiftedBelowZero(_ axis: Int) -> Tensor {
    self - max(axes: [axis], keepingAxes: true).stoppingGradient()
  }

  /// Returns the softmax along an axis: non-negative numbers that add up to 1.
  ///
  ///     y = eˣ / Σ eˣ
  /// - Shape: `x[…] → y[…]`; floating dtypes.
  /// - Source: Bridle 1990. The largest element is subtracted first: no overflow.
  public func softmax(axis: Int = -1, file: String = #fileID, line: Int = #line) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("softmax", [self], at: site) { () throws(Violation) in
      apply(Softmax(axis: try shape.normalized(axis: axis)), [self], at: site)
    }
  }

  /// Returns the logarithm of the softmax along an axis, without computing the softmax.
  ///
  ///     y = x − log Σ eˣ
  /// - Shape: `x[…] → y[…]`; floating dtypes.
  public func logSoftmax(axis: Int = -1, file: String = #fileID, line: Int = #line) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("logSoftmax", [self], at: site) { () throws(Violation) in
      apply(LogSoftmax(axis: try shape.normalized(axis: axis)), [self], at: site)
    }
  }
}
