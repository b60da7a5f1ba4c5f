/// Returns the values of a function and their derivatives along a direction: `J·v`.
///
/// Computed by reverse mode twice: `Jᵀu` is linear in `u`, and its transpose is `J`.
/// - Parameter directions: `v`, of the types of the points.
/// - Returns: Values and derivatives, one of each per result of the function.
public func jacobianVectorProduct(
  at points: [Tensor], along directions: [Tensor], file: String = #fileID, line: Int = #line,
  of function: ([Tensor]) -> [Tensor]
) -> (values: [Tensor], derivatives: [Tensor]) {
  let site = CallSite(file: file, line: line)
  let arguments = points.map { Tensor.placeholder($0.error == nil ? $0.type : .init(.float32, [])) }
  let values = function(arguments)
  func failure(_ failed: Tensor) -> (values: [Tensor], derivatives: [Tensor]) {
    (values.map { _ in failed }, values.map { _ in failed })
  }
  if let failed = refusedDirections("jacobianVectorProduct", points, directions, site) {
    return failure(failed)
  }
  if let failed = values.first(where: { $0.error != nil }) { return failure(failed) }
  let weights = values.map { Tensor.placeholder($0.type) }
  let gradients = vectorJacobianProduct(
    of: values, cotangents: zip(values, weights).map { $0.dtype.isFloating ? $1 : nil },
    withRespectTo: arguments)
  let flowing = zip(gradients, directions).compactMap { gradient, direction in
    gradient.map { ($0, direction) }
  }
  let derivatives = vectorJacobianProduct(
    of: flowing.map(\.0), cotangents: flowing.map(\.1), withRespectTo: weights)
  let results = values + zip(values, derivatives).map { $1 ?? Tensor(0, like: $0) }
  let replaced = substitute(
    arguments + weights, by: points + values.map { Tensor(0, like: $0) }, in: results)
  return (Array(replaced[..<values.count]), Array(replaced[values.count...]))
}

/// Returns the second derivatives of a scalar function along a direction: `H·v`.
///
/// - Parameter directions: `v`, of the types of the points.
/// - Returns: A tensor of the type of each point.
public func hessianVectorProduct(
  at points: [Tensor], along directions: [Tensor], file: String = #fileID, line: Int = #line,
  of function: ([Tensor]) -> Tensor
) -> [Tensor] {
  let site = CallSite(file: file, line: line)
  if let failed = refusedDirections("hessianVectorProduct", points, directions, site) {
    return points.map { _ in failed }
  }
  return gradients(at: points, file: file, line: line) { arguments in
    let first = gradients(at: arguments, file: file, line: line, of: function)
    let terms = zip(first, directions).map { ($0 * $1).sum() }
    return terms.dropFirst().reduce(terms.first ?? Tensor(0)) { $0 + $1 }
  }
}

/// A failed tensor when the directions do not fit the points.
private func refusedDirections(
  _ name: String, _ points: [Tensor], _ directions: [Tensor], _ site: CallSite
) -> Tensor? {
  if let failed = (points + directions).first(where: { $0.error != nil }) { return failed }
  func failed(_ reason: String, _ operands: [TensorError.Operand]) -> Tensor {
    Tensor(error: TensorError(operation: name, reason: reason, operands: operands, site: site))
  }
  guard points.count == directions.count else {
    return failed("has \(points.count) points and \(directions.count) directions", [])
  }
  for (index, (point, direction)) in zip(points, directions).enumerated() {
    let operands = [
      TensorError.Operand(name: "point", type: point.type),
      TensorError.Operand(name: "direction", type: direction.type),
    ]
    if !point.dtype.isFloating {
      return failed("needs floating points, point \(index) is \(point.dtype)", operands)
    }
    if point.type != direction.type {
      return failed("direction \(index) is not of the type of its point", operands)
    }
  }
  return nil
}
