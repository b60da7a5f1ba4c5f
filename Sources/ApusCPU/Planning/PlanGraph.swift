import ApusCore

/// The graph while it is being prepared: simplified, without unclaimed composites, in order.
struct PlanGraph {
  struct Instruction {
    let operation: any Operation
    let operands: [Int]
    let results: [Int]
    let site: CallSite?
    let layerPath: String?
  }

  /// What gives a value its elements.
  enum Source: Hashable {
    case input(Int)
    case data(Int)
    case instruction(Int, result: Int)
  }

  var types: [TensorType] = []
  var sources: [Source] = []
  var instructions: [Instruction] = []
  var outputs: [Int] = []
  /// Values embedded in the plan: tensors that decompositions bring along.
  var data: [Storage] = []

  mutating func addValue(_ type: TensorType, _ source: Source) -> Int {
    types.append(type)
    sources.append(source)
    return types.count - 1
  }

  mutating func append(
    _ operation: any Operation, _ operands: [Int], _ resultTypes: [TensorType],
    site: CallSite?, layerPath: String?
  ) -> [Int] {
    let index = instructions.count
    let results = resultTypes.enumerated().map {
      addValue($1, .instruction(index, result: $0))
    }
    instructions.append(
      Instruction(
        operation: operation, operands: operands, results: results, site: site,
        layerPath: layerPath))
    return results
  }

  func instruction(of value: Int) -> Instruction? {
    guard case .instruction(let index, _) = sources[value] else { return nil }
    return instructions[index]
  }

  func operation(of value: Int) -> (any Operation)? { instruction(of: value)?.operation }

  /// The number every element of a value has, if it is a constant.
  func constant(_ value: Int) -> Literal? { (operation(of: value) as? Constant)?.value }

  /// Drops instructions whose results nobody uses.
  mutating func removeUnused() {
    var used = Set(outputs)
    var kept = Array(repeating: false, count: instructions.count)
    for index in instructions.indices.reversed() {
      guard instructions[index].results.contains(where: used.contains) else { continue }
      kept[index] = true
      used.formUnion(instructions[index].operands)
    }
    reorder(instructions.indices.filter { kept[$0] }.map { instructions[$0] })
  }

  /// Makes these the instructions, in this order.
  mutating func reorder(_ instructions: [Instruction]) {
    self.instructions = instructions
    for (index, instruction) in instructions.enumerated() {
      for (result, value) in instruction.results.enumerated() {
        sources[value] = .instruction(index, result: result)
      }
    }
  }
}
