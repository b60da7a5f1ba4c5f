import ApusCore

extension Simplifier {
  /// `(a · b)ᵀ = bᵀ · aᵀ`: the operands turn for free, since products follow strides.
  ///
  /// Applies where the product has no other reader, as in the weight gradient of a dense layer.
  mutating func transposedProduct(
    _ operation: any Operation, _ operand: Int, isOnlyReader: Bool, _ type: TensorType,
    site: CallSite?, path: String?
  ) throws(TensorError) -> Int? {
    guard isOnlyReader, let transpose = operation as? Transpose,
      let product = graph.instruction(of: operand), product.operation is MatMul,
      transpose.permutation == swappingLastTwo(rank: type.rank)
    else { return nil }
    var turned: [Int] = []
    for value in product.operands.reversed() {
      let before = graph.types[value]
      let swap = swappingLastTwo(rank: before.rank)
      let after = before.with(shape: Shape(swap.map { before.dims[$0] }))
      turned += try add(
        Transpose(permutation: swap), [value], [after], site: site, path: path)
    }
    return try add(MatMul(), turned, [type], site: site, path: path)[0]
  }

  private func swappingLastTwo(rank: Int) -> [Int] {
    var axes = Array(0..<rank)
    if rank >= 2 { axes.swapAt(rank - 2, rank - 1) }
    return axes
  }
}
