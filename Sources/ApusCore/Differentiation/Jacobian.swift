/// Returns the values of a function and its transposed derivatives along a direction: `Jᵀ·u`.
///
/// ```swift
/// let (values, gradients) = vectorJacobianProduct(at: [x], weights: [u]) { [matmul($0[0], w)] }
/// ```
/// - Parameter weights: `u`, of the types of the function's results.
/// - Returns: The values, and a gradient of the type of each point.
public func vectorJacobianProduct(
  at points: [Tensor], weights: [Tensor], file: String = #fileID, line: Int = #line,
  of function: ([Tensor]) -> [Tensor]
) -> (values: [Tensor], gradients: [Tensor]) {
  let site = CallSite(file: file, line: line)
  let arguments = points.map { Tensor.placeholder($0.error == nil ? $0.type : .init(.float32, [])) }
  let values = function(arguments)
  func failure(_ failed: Tensor) -> (values: [Tensor], gradients: [Tensor]) {
    (values.map { _ in failed }, points.map { _ in failed })
  }
  if let failed = (points + weights).first(where: { $0.error != nil }) { return failure(failed) }
  if let failed = refusedPoints("vectorJacobianProduct", points, site) { return failure(failed) }
  if let failed = values.first(where: { $0.error != nil }) { return failure(failed) }
  let types = values.map(\.type)
  guard weights.map(\.type) == types else {
    let reason = "has weights \(weights.map(\.type)) for results \(types)"
    return failure(
      Tensor(error: TensorError(operation: "vectorJacobianProduct", reason: reason, site: site)))
  }
  let gradients = vectorJacobianProduct(
    of: values, cotangents: zip(values, weights).map { $0.dtype.isFloating ? $1 : nil },
    withRespectTo: arguments)
  let results = values + zip(arguments, gradients).map { $1 ?? Tensor(0, like: $0) }
  let replaced = substitute(arguments, by: points, in: results)
  return (Array(replaced[..<values.count]), Array(replaced[values.count...]))
}

/// Returns all derivatives of a function of one tensor: `J[i, j] = ∂yᵢ/∂xⱼ`.
///
/// ```swift
/// let slopes = jacobian(at: x) { matmul($0, w).tanh() }   // [y…, x…]
/// ```
/// Runs one backward pass per element of `y`, or one forward-mode pass per element of `x`, whichever
/// are fewer, as steps of one loop. The function itself runs once.
/// - Shape: `x[m…] → y[n…]` gives `[n…, m…]`.
public func jacobian(
  at point: Tensor, file: String = #fileID, line: Int = #line, of function: (Tensor) -> Tensor
) -> Tensor {
  let site = CallSite(file: file, line: line)
  if let failed = refusedPoints("jacobian", [point], site) { return failed }
  let x = Tensor.placeholder(point.type)
  let y = function(x)
  return attempt("jacobian", [y], at: site) { () throws(Violation) in
    try require(
      y.dtype.isFloating, "the function's value must be floating, not \(y.dtype)")
    let type = y.type.with(shape: Shape(y.shape.dims + x.shape.dims))
    try type.checkSize("the Jacobian")
    if y.count == 0 || x.count == 0 { return Tensor(0, like: Tensor.placeholder(type)) }
    let rows = y.count <= x.count ? jacobianRows(of: y, at: x) : jacobianColumns(of: y, at: x)
    return substitute([x], by: [point], in: [rows.reshaped(to: type.shape)])[0]
  }
}

/// Returns all second derivatives of a scalar function of one tensor: `H[i, j] = ∂²f/∂xᵢ∂xⱼ`.
///
/// ```swift
/// let curvature = hessian(at: x) { ($0 * $0 * $0).sum() }
/// ```
/// - Shape: `x[m…]` gives `[m…, m…]`. For a single direction, ``hessianVectorProduct`` is cheaper.
public func hessian(
  at point: Tensor, file: String = #fileID, line: Int = #line, of function: (Tensor) -> Tensor
) -> Tensor {
  jacobian(at: point, file: file, line: line) { x in
    gradient(at: x, file: file, line: line, of: function)
  }
}

/// `J` row by row: the gradient of each element of `y`.
private func jacobianRows(of y: Tensor, at x: Tensor) -> Tensor {
  scan(initial: [], over: [Tensor.identity(y.count, dtype: y.dtype)]) { _, unit in
    let found = vectorJacobianProduct(
      of: [y], cotangents: [unit[0].reshaped(to: y.shape)], withRespectTo: [x])
    return ([], [found[0] ?? Tensor(0, like: x)])
  }.y[0]
}

/// `J` column by column: the derivative of `y` along each axis of `x`.
///
/// `Jᵀu` is linear in `u`; its transpose is `J`.
private func jacobianColumns(of y: Tensor, at x: Tensor) -> Tensor {
  let u = Tensor.placeholder(y.type)
  let transposed = vectorJacobianProduct(of: [y], cotangents: [u], withRespectTo: [x])[0]
  guard let transposed else { return Tensor(0, like: matrix(y, x)) }
  let columns = scan(initial: [], over: [Tensor.identity(x.count, dtype: x.dtype)]) { _, unit in
    let found = vectorJacobianProduct(
      of: [transposed], cotangents: [unit[0].reshaped(to: x.shape)], withRespectTo: [u])
    return ([], [found[0] ?? Tensor(0, like: y)])
  }.y[0]
  // Nothing of `u` itself remains in a linear map's transpose, but its graph may still name it.
  let free = substitute([u], by: [Tensor(0, like: y)], in: [columns])[0]
  return free.reshaped(to: [x.count, y.count]).matrixTransposed()
}

private func matrix(_ y: Tensor, _ x: Tensor) -> Tensor {
  Tensor.placeholder(y.type.with(shape: [y.count, x.count]))
}

/// A failed tensor when the points cannot be differentiated at.
private func refusedPoints(_ name: String, _ points: [Tensor], _ site: CallSite) -> Tensor? {
  if let failed = points.first(where: { $0.error != nil }) { return failed }
  for point in points where !point.dtype.isFloating {
    return Tensor(
      error: TensorError(
        operation: name, reason: "needs floating points, not \(point.dtype)",
        operands: [.init(name: "point", type: point.type)], site: site))
  }
  return nil
}
