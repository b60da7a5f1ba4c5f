import ApusCore

/// Which values are the same from run to run: they depend on standing inputs and constants alone.
///
/// Such values are computed once and kept, so none is fused into what changes in every run: a reader
/// finds it in memory. Values of constants alone, such as masks made of counters, are cheaper to make
/// on the spot where an elementwise reader can: they stand where all that they serve stands or reads
/// them from memory anyway.
struct StandingValues {
  private enum Kind { case constant, standing, varying }

  private var kinds: [Kind]
  private var stands: [Bool]

  init(_ graph: PlanGraph, inputs: Set<Int>) {
    kinds = graph.sources.map { source in
      switch source {
      case .input(let index): inputs.contains(index) ? .standing : .varying
      // Tables that a decomposition brings along.
      case .data: .constant
      case .instruction: .constant
      }
    }
    stands = kinds.map { _ in false }
    if inputs.isEmpty { return }
    for instruction in graph.instructions {
      var kind = Kind.constant
      for operand in instruction.operands where kind != .varying {
        if kinds[operand] != .constant { kind = kinds[operand] }
      }
      for value in instruction.results { kinds[value] = kind }
    }
    for value in kinds.indices { stands[value] = kinds[value] != .varying }
    for output in graph.outputs where kinds[output] == .constant { stands[output] = false }
    for instruction in graph.instructions.reversed() {
      // A result that nobody reads decides nothing, and neither does what it was made of.
      let areKept = instruction.results.allSatisfy { stands[$0] }
      for operand in instruction.operands where kinds[operand] == .constant {
        let isFill = graph.constant(operand) != nil || graph.operation(of: operand) is Iota
        let isMemory = instruction.operation.cpu == .kernel && !(instruction.operation is Reduce)
        if !areKept && (isFill || !isMemory) { stands[operand] = false }
      }
    }
  }

  /// Whether a value is computed once and kept.
  subscript(value: Int) -> Bool { stands[value] }

  /// Whether a value is the same from run to run, kept or not.
  func isSteady(_ value: Int) -> Bool { kinds[value] != .varying }
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
