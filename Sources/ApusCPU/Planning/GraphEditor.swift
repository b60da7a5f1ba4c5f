import ApusCore

/// Puts single instructions in the place of groups that a kernel computes at once.
struct GraphEditor {
  /// Sources lead to places in `instructions` while the editor is at work.
  private(set) var graph: PlanGraph
  private var instructions: [PlanGraph.Instruction?]
  /// The instructions that read each value, once per operand; -1 for an output of the graph.
  private var readers: [[Int]]
  private var visits: [Int]
  private var visit = 0

  init(_ graph: PlanGraph) {
    self.graph = graph
    instructions = graph.instructions
    readers = Array(repeating: [], count: graph.types.count)
    visits = Array(repeating: 0, count: graph.instructions.count)
    for (index, instruction) in graph.instructions.enumerated() {
      for operand in instruction.operands { readers[operand].append(index) }
    }
    for output in graph.outputs { readers[output].append(-1) }
  }

  /// The places of instructions, some of which may be taken away meanwhile.
  var places: Range<Int> { instructions.indices }

  func instruction(at place: Int) -> PlanGraph.Instruction? { instructions[place] }

  /// Where the instruction stands that gives a value.
  func place(of value: Int) -> Int? {
    guard case .instruction(let place, _) = graph.sources[value] else { return nil }
    return place
  }

  func operation(of value: Int) -> (any Operation)? {
    place(of: value).flatMap { instructions[$0] }?.operation
  }

  func operands(of value: Int) -> [Int] {
    place(of: value).flatMap { instructions[$0] }?.operands ?? []
  }

  func isRead(_ value: Int) -> Bool { !readers[value].isEmpty }

  /// The place of the one instruction that reads a value, if it has no other use.
  func onlyReader(of value: Int) -> Int? {
    guard readers[value].count == 1, let place = readers[value].first, place >= 0 else {
      return nil
    }
    return place
  }

  /// The instructions that read a value, if it is no output.
  func readersOfInner(_ value: Int) -> [Int]? {
    readers[value].contains(-1) ? nil : readers[value]
  }

  /// The operands of `where(y > 0, dy, 0)`, and the place of the comparison.
  func rectifiedSlope(_ value: Int) -> (y: Int, dy: Int, comparison: Int)? {
    guard operation(of: value) is Select else { return nil }
    let (parts, type) = (operands(of: value), graph.types[value])
    guard isZero(parts[2]), let comparison = place(of: parts[0]),
      instructions[comparison]?.operation.isBinary("greater") == true
    else { return nil }
    let compared = operands(of: parts[0])
    guard isZero(compared[1]), graph.types[compared[0]] == type else { return nil }
    return (compared[0], parts[1], comparison)
  }

  private func isZero(_ value: Int) -> Bool {
    (operation(of: value) as? Constant)?.value.asDouble == 0
  }

  /// A value of its own for a result that the graph does not have yet.
  mutating func newValue(_ type: TensorType) -> Int {
    readers.append([])
    return graph.addValue(type, .instruction(0, result: 0))
  }

  /// An instruction to be: the values it reads and gives.
  struct Draft {
    let operation: any Operation
    let operands: [Int]
    let results: [Int]

    init(_ operation: any Operation, _ operands: [Int], results: [Int]) {
      self.operation = operation
      self.operands = operands
      self.results = results
    }
  }

  /// Replaces a group by others, of which the last takes the place of the group's last.
  ///
  /// Returns false, and changes nothing, where they would have to wait for themselves: for an operand
  /// that is computed from a result of the group.
  @discardableResult
  mutating func replace(_ group: [Int], by drafts: [Draft]) -> Bool {
    let made = Set(drafts.flatMap(\.results))
    let given = drafts.flatMap(\.operands).filter { !made.contains($0) }
    guard let last = group.last, let model = instructions[last],
      !given.contains(where: { dependsOn(group, $0) })
    else { return false }
    for place in group {
      for operand in instructions[place]?.operands ?? [] {
        readers[operand].removeAll { $0 == place }
      }
      instructions[place] = nil
    }
    for (number, draft) in drafts.enumerated() {
      let place = number == drafts.count - 1 ? last : instructions.count
      if place == instructions.count {
        instructions.append(nil)
        visits.append(0)
      }
      instructions[place] = PlanGraph.Instruction(
        operation: draft.operation, operands: draft.operands, results: draft.results,
        site: model.site, layerPath: model.layerPath)
      for operand in draft.operands { readers[operand].append(place) }
      for (index, result) in draft.results.enumerated() {
        graph.sources[result] = .instruction(place, result: index)
      }
    }
    return true
  }

  private mutating func dependsOn(_ group: [Int], _ value: Int) -> Bool {
    visit += 1
    var stack = [value]
    while let value = stack.popLast() {
      guard let place = place(of: value), visits[place] != visit else { continue }
      if group.contains(place) { return true }
      visits[place] = visit
      stack += instructions[place]?.operands ?? []
    }
    return false
  }

  /// The graph as it is now, every instruction behind those it needs and else as they were.
  func finished() -> PlanGraph {
    var result = graph
    var order: [Int] = []
    var isPlaced = Array(repeating: false, count: instructions.count)
    for start in instructions.indices where instructions[start] != nil {
      var stack = [start]
      while let place = stack.last {
        let waiting =
          isPlaced[place]
          ? []
          : (instructions[place]?.operands ?? [])
            .compactMap { self.place(of: $0) }.filter { !isPlaced[$0] }
        if waiting.isEmpty {
          stack.removeLast()
          if !isPlaced[place] { order.append(place) }
          isPlaced[place] = true
        }
        stack += waiting.reversed()
      }
    }
    result.reorder(order.compactMap { instructions[$0] })
    result.removeUnused()
    return result
  }
}

extension Operation {
  func isBinary(_ name: String) -> Bool { (self as? BinaryOperation)?.name == name }
  func isUnary(_ name: String) -> Bool { (self as? UnaryOperation)?.name == name }
}
