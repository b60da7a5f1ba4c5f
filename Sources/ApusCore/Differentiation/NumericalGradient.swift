/// Returns the gradient of a scalar function by central differences, one element after the other.
///
///     ∂f/∂xᵢ ≈ (f(x + h·eᵢ) - f(x - h·eᵢ)) / 2h
///
/// The error is of order `h²`, plus rounding of order `ε/h`: use `float64` where it has to be small.
/// - Parameter step: `h`.
/// - Complexity: Evaluates the function twice per element of the point.
public func numericalGradient(
  at point: Tensor, step: Double = 1e-4, file: String = #fileID, line: Int = #line,
  of function: (Tensor) -> Tensor
) throws(TensorError) -> Tensor {
  func failure(_ reason: String) -> TensorError {
    TensorError(
      operation: "numericalGradient", reason: reason,
      operands: [.init(name: "point", type: point.type)], site: CallSite(file: file, line: line))
  }
  if let error = point.error { throw error }
  guard point.dtype.isFloating else { throw failure("needs a floating point, not \(point.dtype)") }
  guard step > 0, step.isFinite else {
    throw failure("the step \(step) is not positive and finite")
  }
  var x = try point.scalars(as: Double.self)
  func value() throws(TensorError) -> Double {
    let y = function(Tensor(x, shape: point.shape, dtype: point.dtype))
    if let error = y.error { throw error }
    guard y.count == 1, y.dtype.isFloating else {
      throw failure("the function's value must be one floating number, not \(y.type)")
    }
    return try y.scalar(as: Double.self)
  }
  var slopes: [Double] = []
  for index in x.indices {
    let middle = x[index]
    x[index] = middle + step
    let above = try value()
    x[index] = middle - step
    let below = try value()
    x[index] = middle
    slopes.append((above - below) / (2 * step))
  }
  return Tensor(slopes, shape: point.shape, dtype: point.dtype)
}
