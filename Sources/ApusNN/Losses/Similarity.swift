import ApusCore

/// Returns the cosine of the angle between vectors in the last axis.
///
///     Σ a·b / (max(‖a‖, 10⁻⁸)·max(‖b‖, 10⁻⁸))
///
/// The small number makes the cosine of a zero vector 0, with a finite gradient.
/// - Shape: `a[N…, D], b[N…, D] → y[N…]`; floating dtypes.
public func cosineSimilarity(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue("cosineSimilarity", [("a", a), ("b", b)], file, line) { () throws(Violation) in
    try requireSame(a, "a", b, "b")
    return try cosine(a, b) { $0.limitedBelow }
  }
}

extension Loss {
  /// `mean(1 - cos(prediction, target))`, the angle between vectors in the last axis.
  ///
  /// - Shape: `prediction[N…, D], target[N…, D] →` scalar; terms `[N…]`.
  public static let cosineDistance = Loss("cosineDistance") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return 1 - (try cosine(prediction, target) { $0.limitedBelow })
  }
}

/// The cosine, whose squared lengths are kept from 0 by `guarded`.
func cosine(
  _ a: Tensor, _ b: Tensor, _ guarded: (Tensor) -> Tensor
) throws(Violation) -> Tensor {
  try require(a.rank > 0, "vectors need a last axis, they are scalars")
  let (x, y) = (a.widened, b.widened)
  let product = (x * y).sum(axes: [-1])
  let (first, second) = (x.square().sum(axes: [-1]), y.square().sum(axes: [-1]))
  return (product * guarded(first).rsqrt() * guarded(second).rsqrt()).converted(to: a.dtype)
}

extension Tensor {
  /// Squared lengths of 10⁻¹⁶ or more.
  var limitedBelow: Tensor { maximum(self, Tensor(1e-16, like: self)) }

  /// Rows of length 1, as ``cosineSimilarity(_:_:file:line:)`` takes them.
  func withUnitRows() -> Tensor {
    self * square().sum(axes: [-1], keepingAxes: true).limitedBelow.rsqrt()
  }
}
