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
    return [apply(SoftmaxGradient(axis: axis), [call.results[0], dy])]
  }
}

/// The gradient of a softmax, of its result and the result's gradient: `y, dy → dx`.
///
///     dx = y·(dy − Σ dy·y)
package struct SoftmaxGradient: Composite {
  package let axis: Int
  package var name: String { "softmaxGradient" }
  package var attributes: String { "axis: \(axis)" }
  package var operandNames: [String] { ["y", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(axis: Int) { self.axis = axis }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try checkSoftmax(operands[0], axis)
    try require(operands[0] == operands[1], "types differ: y is \(operands[0]), dy \(operands[1])")
    return [operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (y, dy) = (operands[0], operands[1])
    return [y * (dy - (dy * y).sum(axes: [axis], keepingAxes: true))]
  }
}

func checkSoftmax(_ x: TensorType, _ axis: Int) throws(Violation) {
  try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  let axis = try x.shape.normalized(axis: axis)
  try require(x.dims[axis] > 0, "axis \(axis) is empty")
}

extension Tensor {
  /// Returns the elements less the largest along an axis, so that no exponential overflows.
  func shiftedBelowZero(_ axis: Int) -> Tensor {
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
}
