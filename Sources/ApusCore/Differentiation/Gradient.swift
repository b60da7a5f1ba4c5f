/// Returns the value of a scalar function and its gradients at a point.
///
/// The gradients are tensors like any other: differentiating them again gives higher orders.
///
/// ```swift
/// let (loss, gradients) = valueAndGradients(at: [w, b]) { p in
///   (matmul(x, p[0]) + p[1] - y).square().mean()
/// }
/// ```
/// - Returns: The value, and a gradient of the type of each point; zero where the function does
///   not depend on it. A function whose value is not a floating scalar gives failed tensors.
public func valueAndGradients(
  at points: [Tensor], file: String = #fileID, line: Int = #line, of function: ([Tensor]) -> Tensor
) -> (value: Tensor, gradients: [Tensor]) {
  let site = CallSite(file: file, line: line)
  func failure(_ error: TensorError) -> (Tensor, [Tensor]) {
    let failed = Tensor(error: error)
    return (failed, points.map { _ in failed })
  }
  for point in points {
    if let error = point.error { return failure(error) }
    guard point.dtype.isFloating else {
      return failure(
        TensorError(
          operation: "gradient", reason: "needs floating points, not \(point.dtype)",
          operands: [.init(name: "point", type: point.type)], site: site))
    }
  }
  let arguments = points.map { Tensor.placeholder($0.type) }
  let value = function(arguments)
  if let error = value.error { return failure(error) }
  guard value.count == 1, value.dtype.isFloating else {
    return failure(
      TensorError(
        operation: "gradient", reason: "the function's value must be one floating number",
        operands: [.init(name: "value", type: value.type)], site: site))
  }
  let gradients = vectorJacobianProduct(
    of: [value], cotangents: [Tensor(1, like: value)], withRespectTo: arguments)
  let results = [value] + zip(arguments, gradients).map { $1 ?? Tensor(0, like: $0) }
  let replaced = substitute(arguments, by: points, in: results)
  return (replaced[0], Array(replaced.dropFirst()))
}

/// Returns the gradients of a scalar function at a point.
public func gradients(
  at points: [Tensor], file: String = #fileID, line: Int = #line, of function: ([Tensor]) -> Tensor
) -> [Tensor] {
  valueAndGradients(at: points, file: file, line: line, of: function).gradients
}

/// Returns the gradient of a scalar function of one tensor.
///
/// ```swift
/// let slope = gradient(at: Tensor(3)) { x in x * x }   // 6
/// ```
public func gradient(
  at point: Tensor, file: String = #fileID, line: Int = #line, of function: (Tensor) -> Tensor
) -> Tensor {
  valueAndGradients(at: [point], file: file, line: line) { function($0[0]) }.gradients[0]
}
