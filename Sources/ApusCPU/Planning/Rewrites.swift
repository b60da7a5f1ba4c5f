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

extension PlanGraph {
  /// Lets products of 16-bit floats that are only read as 32-bit floats come as their 32-bit sums.
  mutating func keepSums(_ configuration: CPUConfiguration) {
    var readers: [Int: [Int]] = [:]
    for (index, instruction) in instructions.enumerated() {
      for operand in instruction.operands { readers[operand, default: []].append(index) }
    }
    let wanted = Set(outputs)
    var replaced: [Int: Int] = [:]
    for instruction in instructions where instruction.operation is MatMul {
      let product = instruction.results[0]
      let wide = types[product].with(dtype: .float32)
      guard types[product].dtype.isHalf, !wanted.contains(product),
        let readers = readers[product], readers.allSatisfy({ widens($0) == wide }),
        MatMul().libraryGives(wide, of: instruction.operands.map { types[$0] }, configuration)
      else { continue }
      types[product] = wide
      for reader in readers { replaced[instructions[reader].results[0]] = product }
    }
    replace(replaced)
  }

  /// The type an instruction converts to, if it is a conversion.
  private func widens(_ index: Int) -> TensorType? {
    let instruction = instructions[index]
    return instruction.operation is Convert ? types[instruction.results[0]] : nil
  }

  /// Makes readers of values read others in their place.
  private mutating func replace(_ values: [Int: Int]) {
    if values.isEmpty { return }
    instructions = instructions.map {
      Instruction(
        operation: $0.operation, operands: $0.operands.map { values[$0] ?? $0 },
        results: $0.results, site: $0.site, layerPath: $0.layerPath)
    }
    outputs = outputs.map { values[$0] ?? $0 }
  }
}
