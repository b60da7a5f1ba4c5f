/// Finds where the largest or smallest element along an axis is.
///
/// The first of equal elements wins; NaN counts as more extreme than any number.
/// - Gradient: none, indices are not differentiable.
/// - Source: StableHLO specification, `reduce` over values and `iota`.
package struct ArgReduce: Operation {
  package enum Kind: String, Sendable { case argmax, argmin }

  package let kind: Kind
  /// The axis searched, non-negative; it keeps extent 1.
  package let axis: Int
  /// The dtype of the index: `int32` or `int64`.
  package let dtype: DType

  package var name: String { kind.rawValue }
  package var attributes: String { "axis: \(axis)" }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.dtype.isNumeric, "needs a numeric dtype, not \(x.dtype)")
    try requireIndexDType(dtype)
    let axis = try x.shape.normalized(axis: axis)
    var dims = x.dims
    try require(dims[axis] > 0, "axis \(axis) is empty: there is no \(name)")
    try require(
      dtype == .int64 || dims[axis] <= Int(Int32.max),
      "axis \(axis) with extent \(dims[axis]) is too long for \(dtype)")
    dims[axis] = 1
    return [TensorType(dtype, Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

/// Refuses a dtype that indices cannot have.
func requireIndexDType(_ dtype: DType) throws(Violation) {
  try require(dtype == .int32 || dtype == .int64, "indices are i32 or i64, not \(dtype)")
}

extension Tensor {
  /// Returns the index of the largest element along an axis, or among all elements in row-major
  /// order; the first of equal ones, NaN before any number.
  public func argmax(
    axis: Int? = nil, keepingAxis: Bool = false, dtype: DType = .int32, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    located(.argmax, axis, keepingAxis, dtype, CallSite(file: file, line: line))
  }

  /// Returns the index of the smallest element along an axis, or among all elements in row-major
  /// order; the first of equal ones, NaN before any number.
  public func argmin(
    axis: Int? = nil, keepingAxis: Bool = false, dtype: DType = .int32, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    located(.argmin, axis, keepingAxis, dtype, CallSite(file: file, line: line))
  }

  private func located(
    _ kind: ArgReduce.Kind, _ axis: Int?, _ keepingAxis: Bool, _ dtype: DType, _ site: CallSite
  ) -> Tensor {
    attempt(kind.rawValue, [self], at: site) { () throws(Violation) in
      guard let axis else {
        let index = apply(
          ArgReduce(kind: kind, axis: 0, dtype: dtype), [reshaped(to: [count])], at: site)
        return index.reshaped(to: Shape(keepingAxis ? shape.dims.map { _ in 1 } : []))
      }
      let place = try shape.normalized(axis: axis)
      let index = apply(ArgReduce(kind: kind, axis: place, dtype: dtype), [self], at: site)
      return keepingAxis ? index : index.squeezed(axes: [place])
    }
  }
}
