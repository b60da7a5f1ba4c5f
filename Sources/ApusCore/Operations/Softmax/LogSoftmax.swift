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
    return [apply(LogSoftmaxGradient(axis: axis), [call.results[0], dy])]
  }
}

/// The gradient of a logarithmic softmax, of its result and the result's gradient: `y, dy → dx`.
///
///     dx = dy − eʸ·Σ dy
package struct LogSoftmaxGradient: Composite {
  package let axis: Int
  package var name: String { "logSoftmaxGradient" }
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
    return [dy - y.exp() * dy.sum(axes: [axis], keepingAxes: true)]
  }
}

extension Tensor {
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
