/// Multiplies matrices held in the last two axes: `a[B…, M, K] · b[B…, K, N] → y[B…, M, N]`.
///
/// Batch axes broadcast by NumPy's rule.
/// - Gradient: `da = dy·bᵀ`, `db = aᵀ·dy`, each summed back over axes that were broadcast.
/// - Source: StableHLO specification, `dot_general`; oneDNN matmul primitive.
package struct MatMul: Operation {
  package init() {}
  package var name: String { "matmul" }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    try require(
      a.rank >= 2 && b.rank >= 2, "needs rank 2 or more: a has \(a.rank), b has \(b.rank)")
    try Self.check(a, b)
    let batch = try Shape(Array(a.dims.dropLast(2)))
      .broadcast(with: Shape(Array(b.dims.dropLast(2))))
    return [a.with(shape: Shape(batch.dims + [a[-2], b[-1]]))]
  }

  /// Checks dtypes and inner dimensions of operands as the caller wrote them.
  static func check(_ a: TensorType, _ b: TensorType) throws(Violation) {
    try require(a.rank > 0 && b.rank > 0, "needs rank 1 or more: a has \(a.rank), b has \(b.rank)")
    try require(a.dtype == b.dtype, "dtypes differ: a is \(a.dtype), b is \(b.dtype)")
    try require(a.dtype.isNumeric, "needs a numeric dtype, not \(a.dtype)")
    let inner = b.rank == 1 ? b[0] : b[-2]
    try require(a[-1] == inner, "inner dimensions differ: a has \(a[-1]), b has \(inner)")
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    guard let y = try? resultTypes(operands)[0] else { return 0 }
    return y.count.timesClamped(operands[0][-1])
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let (a, b) = (call.operands[0], call.operands[1])
    let da = matmul(dy, b.matrixTransposed()).summed(to: a.shape)
    if b.rank == 2, a.rank > 2 {
      // Batch axes become rows, so that their sum is part of one product.
      return [da, matmul(a.rowsOfMatrices().matrixTransposed(), dy.rowsOfMatrices())]
    }
    return [da, matmul(a.matrixTransposed(), dy).summed(to: b.shape)]
  }
}

extension Tensor {
  /// The matrices of all batch axes below each other: `x[B…, M, K] → y[B·M, K]`.
  fileprivate func rowsOfMatrices() -> Tensor {
    let rows = shape.dims.dropLast().reduce(1, *)
    return reshaped(to: Shape([rows, shape[-1]]))
  }
}

/// Returns the product of matrices: `a[B…, M, K] · b[B…, K, N] → y[B…, M, N]`.
///
/// Batch axes broadcast. A vector is a row on the left and a column on the right, and its axis is
/// absent from the result, as in NumPy. Integers wrap around.
/// - Source: NumPy `matmul`; StableHLO specification, `dot_general`.
public func matmul(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("matmul", [a, b], at: site) { () throws(Violation) in
    try MatMul.check(a.type, b.type)
    if a.dtype == .uint8 {
      return matmul(a.converted(to: .int32), b.converted(to: .int32)).converted(to: .uint8)
    }
    let left = a.rank == 1 ? a.reshaped(to: [1, a.count]) : a
    let right = b.rank == 1 ? b.reshaped(to: [b.count, 1]) : b
    let leading = Shape(Array(left.shape.dims.dropLast(2)))
    let batch = try leading.broadcast(with: Shape(Array(right.shape.dims.dropLast(2))))
    let product: Tensor
    if right.rank == 2, left.rank > 2 {
      product = apply(MatMul(), [left.rowsOfMatrices(), right], at: site)
    } else {
      product = apply(MatMul(), [left, right], at: site)
    }
    let rows = a.rank == 1 ? [] : [a.shape[-2]]
    let columns = b.rank == 1 ? [] : [b.shape[-1]]
    return product.reshaped(to: Shape(batch.dims + rows + columns))
  }
}

/// Returns the sum of products of two vectors: `a[K], b[K] → y[]`.
public func dot(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("dot", [a, b], at: site) { () throws(Violation) in
    try require(a.rank == 1 && b.rank == 1, "needs vectors: a has rank \(a.rank), b \(b.rank)")
    try require(a.count == b.count, "lengths differ: a has \(a.count), b has \(b.count)")
    return matmul(a, b, file: file, line: line)
  }
}

/// Returns the products of all pairs of elements of two vectors: `a[M], b[N] → y[M, N]`.
public func outer(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("outer", [a, b], at: site) { () throws(Violation) in
    try require(a.rank == 1 && b.rank == 1, "needs vectors: a has rank \(a.rank), b \(b.rank)")
    try require(a.dtype == b.dtype, "dtypes differ: a is \(a.dtype), b is \(b.dtype)")
    return BinaryOperation.multiply(a.expanded(at: 1), b.expanded(at: 0), at: site)
  }
}
