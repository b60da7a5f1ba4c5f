/// Where the elements of a resampled axis come from.
package enum Resampling: Sendable, Hashable {
  /// Element `⌊i·scale⌋`.
  case nearest(scale: Double)
  /// Between the two elements around `(i + ½)·scale − ½`.
  case linear(scale: Double)
  /// Between the two elements around `i·scale`: the ends stay where they are.
  case linearAligned(scale: Double)
  /// Element `(i − low) mod n`.
  case circular(low: Int)
  /// Element `i − low`, mirrored at the first and the last one.
  case reflect(low: Int)
  /// Element `i − low`, or else the first or the last one.
  case replicate(low: Int)
}

/// Makes every element along an axis of at most two of the operand: `x[o…, n, i…] → y[o…, m, i…]`.
///
/// - Gradient: linear, with ``ResampleTranspose`` as its transpose.
package struct Resample: Operation {
  /// The axis, non-negative.
  package let axis: Int
  /// The extent of the result, `m`.
  package let size: Int
  package let rule: Resampling
  package var name: String { "resample" }
  package var attributes: String { "axis: \(axis), size: \(size), \(rule)" }
  package var cpu: CPUKernel { .kernel }

  package init(axis: Int, size: Int, rule: Resampling) {
    self.axis = axis
    self.size = size
    self.rule = rule
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    let axis = try x.shape.normalized(axis: axis)
    try require(size >= 0, "size \(size) of axis \(axis) is negative")
    try require(x.dims[axis] > 0 || size == 0, "axis \(axis) is empty")
    var dims = x.dims
    dims[axis] = size
    return [x.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let transpose = ResampleTranspose(axis: axis, size: call.operands[0].shape[axis], rule: rule)
    return [upstream[0].map { apply(transpose, [$0]) }]
  }
}

/// Adds every element up where ``Resample`` takes it from: `dy[o…, m, i…] → dx[o…, n, i…]`.
///
/// - Gradient: linear, with ``Resample`` as its transpose.
package struct ResampleTranspose: Operation {
  package let axis: Int
  /// The extent of the resampling's operand, `n`.
  package let size: Int
  package let rule: Resampling
  package var name: String { "resampleTranspose" }
  package var attributes: String { "axis: \(axis), size: \(size), \(rule)" }
  package var operandNames: [String] { ["dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(axis: Int, size: Int, rule: Resampling) {
    self.axis = axis
    self.size = size
    self.rule = rule
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    var dims = operands[0].dims
    let axis = try operands[0].shape.normalized(axis: axis)
    let count = dims[axis]
    dims[axis] = size
    let x = operands[0].with(shape: Shape(dims))
    _ = try Resample(axis: axis, size: count, rule: rule).resultTypes([x])
    return [x]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let resample = Resample(axis: axis, size: call.operands[0].shape[axis], rule: rule)
    return [upstream[0].map { apply(resample, [$0]) }]
  }
}
