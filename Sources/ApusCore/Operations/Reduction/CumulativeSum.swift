/// Refuses a dtype whose sums hardly ever fit.
func requireAccumulating(_ dtype: DType) throws(Violation) {
  try require(
    dtype.isNumeric && dtype != .uint8, "needs a floating dtype, i32 or i64, not \(dtype)")
}

/// Adds up the elements before each element of an axis.
///
///     y[i] = x[0] + … + x[i]          // exclusive: … + x[i - 1];  reversed: from the other end
///
/// - Gradient: the same sum of `dy`, from the other end.
/// - Source: StableHLO specification, `reduce_window` with a window as long as the axis.
package struct CumulativeSum: Operation {
  /// The axis summed along, non-negative.
  package let axis: Int
  /// Whether the element itself is left out.
  package let isExclusive: Bool
  /// Whether sums start at the last element.
  package let isReversed: Bool

  package var name: String { "cumulativeSum" }
  package var attributes: String {
    "axis: \(axis)" + (isExclusive ? ", exclusive" : "") + (isReversed ? ", reversed" : "")
  }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try requireAccumulating(x.dtype)
    _ = try x.shape.normalized(axis: axis)
    return [x]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [
      upstream[0].map {
        apply(
          CumulativeSum(axis: axis, isExclusive: isExclusive, isReversed: !isReversed), [$0])
      }
    ]
  }
}

extension Tensor {
  /// Returns the running sums along an axis.
  ///
  /// - Parameters:
  ///   - exclusive: Leaves the element itself out, so that sums start with 0.
  ///   - reversed: Sums from the last element on.
  public func cumulativeSum(
    axis: Int, exclusive: Bool = false, reversed: Bool = false, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("cumulativeSum", [self], at: site) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      return apply(
        CumulativeSum(axis: axis, isExclusive: exclusive, isReversed: reversed), [self], at: site)
    }
  }
}
