import ApusCore

/// Which values are the same from run to run: they depend on standing inputs and constants alone.
///
/// Such values are computed once and kept, so none is fused into what changes in every run: a reader
/// finds it in memory. Values of constants alone, such as masks made of counters, are cheaper to make
/// on the spot: they stand only where all that they serve stands.
struct StandingValues {
  private var stands: [Bool]

  init(_ graph: PlanGraph, inputs: Set<Int>) {
    enum Kind { case constant, standing, varying }
    var kinds = graph.sources.map { source -> Kind in
      switch source {
      case .input(let index): inputs.contains(index) ? .standing : .varying
      // Tables that a decomposition brings along.
      case .data: .constant
      case .instruction: .constant
      }
    }
    if inputs.isEmpty {
      stands = kinds.map { _ in false }
      return
    }
    for instruction in graph.instructions {
      var kind = Kind.constant
      for operand in instruction.operands where kind != .varying {
        if kinds[operand] != .constant { kind = kinds[operand] }
      }
      for value in instruction.results { kinds[value] = kind }
    }
    var serves = Array(repeating: false, count: kinds.count)
    for output in graph.outputs where kinds[output] == .constant { kinds[output] = .varying }
    for instruction in graph.instructions.reversed() {
      guard let kind = instruction.results.first.map({ kinds[$0] }) else { continue }
      let isVarying =
        kind == .varying
        || (kind == .constant
          && !instruction.results.allSatisfy { kinds[$0] == .constant && serves[$0] })
      for operand in instruction.operands where kinds[operand] == .constant {
        if isVarying { kinds[operand] = .varying } else { serves[operand] = true }
      }
    }
    stands = kinds.indices.map { kinds[$0] == .standing || (kinds[$0] == .constant && serves[$0]) }
  }

  subscript(value: Int) -> Bool { stands[value] }
}

/// The part of a plan that is run before the rest, and only when what it reads has changed.
struct Prologue {
  /// Whether each node belongs to it.
  private(set) var contains: [Bool]

  /// Nodes that read standing inputs and each other alone, and write nothing that leaves the plan.
  init(_ builder: PlanBuilder, standing inputs: Set<Int>, aliases: [Int: Int]) {
    let nodes = builder.nodes
    contains = nodes.map { node in
      // What reads nothing, such as a fill, is only worth keeping for what stands itself.
      if inputs.isEmpty { return false }
      let reads = node.buffers.contains { $0.map { !node.writes.contains($0.buffer) } ?? false }
      return reads
        || (!node.results.isEmpty && node.results.allSatisfy { builder.fusion.stands($0) })
    }
    var varies = builder.buffers.indices.map { buffer in
      switch builder.buffers[aliases[buffer] ?? buffer].role {
      case .input(let index): !inputs.contains(index) || aliases[buffer] != nil
      case .output: true
      case .data, .value, .scratch: false
      }
    }
    // A buffer that several nodes write varies with any of them, so that others follow.
    var hasChanged = !inputs.isEmpty
    while hasChanged {
      hasChanged = false
      for (index, node) in nodes.enumerated() where contains[index] {
        if node.buffers.contains(where: { $0.map { varies[$0.buffer] } ?? false }) {
          contains[index] = false
        }
      }
      for (index, node) in nodes.enumerated() where !contains[index] {
        for buffer in node.writes where !varies[buffer] {
          varies[buffer] = true
          hasChanged = true
        }
      }
    }
  }

  /// Buffers that the prologue writes and the rest of the plan reads.
  func kept(_ builder: PlanBuilder) -> Set<Int> {
    var written: Set<Int> = []
    var read: Set<Int> = []
    for (index, node) in builder.nodes.enumerated() {
      if contains[index] {
        written.formUnion(node.writes)
      } else {
        read.formUnion(node.buffers.compactMap { $0?.buffer })
      }
    }
    return written.intersection(read)
  }
}
