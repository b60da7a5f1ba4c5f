import ApusCore

/// Which values are computed together.
///
/// Elementwise values and the reductions that end them form *regions*: groups over the same number
/// of elements that one pass computes tile by tile. Every region and kernel has a level above all it
/// reads from memory, so no two can wait for each other.
struct Fusion {
  enum Kind { case memory, view, fused, reduction, kernel }

  let graph: PlanGraph
  /// The view of every value on the base value it looks at.
  private(set) var views: [StridedView] = []
  private(set) var kinds: [Kind] = []
  /// The value whose elements, in the same order, a value shows.
  private(set) var roots: [Int] = []
  private(set) var levels: [Int] = []
  /// The region of every fused or reduction value.
  private(set) var regions: [Int: Int] = [:]
  /// Values that must exist in memory.
  private(set) var stored: Set<Int> = []
  private let standing: StandingValues

  /// One region per operation when `isolating`: nothing is fused.
  init(_ graph: PlanGraph, standing inputs: Set<Int> = [], isolating: Bool = false) {
    self.graph = graph
    standing = StandingValues(graph, inputs: inputs)
    resolveViews()
    assignLevels()
    if !isolating { sink() }
    group(isolating: isolating)
    findStored()
  }

  /// Cheap values without operands: every region that needs one makes its own.
  func isClonable(_ value: Int) -> Bool {
    let operation = graph.operation(of: value)
    return operation is Constant || operation is Iota
  }

  /// Whether a value is the same from run to run, because what it depends on stands.
  func stands(_ value: Int) -> Bool { standing[value] }

  private func isFused(_ value: Int) -> Bool { kinds[value] == .fused }

  /// Whether a value can be computed together with one that shows its elements: what is kept from
  /// run to run is not made anew with what changes.
  private func canJoin(_ root: Int, _ value: Int) -> Bool {
    isFused(root) && standing[root] == standing[value]
  }

  private mutating func resolveViews() {
    for value in graph.types.indices {
      views.append(StridedView(buffer: value, shape: graph.types[value].shape))
      roots.append(value)
      kinds.append(.memory)
    }
    for instruction in graph.instructions {
      let operation = instruction.operation
      for (index, value) in instruction.results.enumerated() {
        switch operation.cpu {
        case .instruction: kinds[value] = .fused
        case .view:
          guard let lowering = operation as? any ViewLowering else { continue }
          let operand = instruction.operands[index]
          if lowering.keepsOrder { roots[value] = roots[operand] }
          if let view = lowering.view(of: views[operand], result: graph.types[value]) {
            views[value] = view
            kinds[value] = .view
          } else {
            // Strides cannot express it: a copy, computed like an elementwise identity.
            roots[value] = value
            kinds[value] = .fused
          }
        case .kernel, .decomposition, .value:
          kinds[value] = operation is Reduce ? .reduction : .kernel
        }
      }
    }
  }

  private mutating func assignLevels() {
    levels = Array(repeating: -1, count: graph.types.count)
    // The level that readers of a value stay above, for values behind a barrier.
    var floors = Array(repeating: -1, count: graph.types.count)
    for instruction in graph.instructions {
      var floor = instruction.operands.reduce(-1) { max($0, floors[$1]) }
      if instruction.operation is RecomputeBarrier {
        floor = instruction.operands.reduce(floor) { max($0, levels[views[$1].buffer]) }
      }
      for value in instruction.results {
        if kinds[value] == .view { floors[value] = floor }
        var level = floor + 1
        for operand in instruction.operands {
          let root = roots[operand]
          switch kinds[value] {
          case .fused, .reduction:
            if isClonable(root) { continue }
            level = max(
              level, canJoin(root, value) ? levels[root] : levels[views[operand].buffer] + 1)
          case .kernel: level = max(level, levels[views[operand].buffer] + 1)
          case .view, .memory: break
          }
        }
        if kinds[value] == .view { level = levels[views[value].buffer] }
        levels[value] = level
      }
    }
  }

  /// Moves cheap one-operand values to the level of their first reader, where they need no memory.
  private mutating func sink() {
    var latest = Array(repeating: Int.max, count: graph.types.count)
    for output in graph.outputs { latest[views[output].buffer] = -1 }
    for instruction in graph.instructions.reversed() {
      for value in instruction.results where kinds[value] != .view {
        if isFused(value), !isClonable(value), latest[value] != .max, latest[value] > levels[value],
          Set(instruction.operands.filter { !isClonable(roots[$0]) }).count <= 1
        {
          levels[value] = latest[value]
        }
      }
      for value in instruction.results {
        guard kinds[value] != .view else { continue }
        for operand in instruction.operands {
          let root = roots[operand]
          let joins = kinds[value] != .kernel && canJoin(root, value)
          let base = joins ? root : views[operand].buffer
          latest[base] = min(latest[base], joins ? levels[value] : levels[value] - 1)
        }
      }
    }
  }

  private mutating func group(isolating: Bool) {
    var parent: [Int: Int] = [:]
    func find(_ value: Int) -> Int {
      var value = value
      while let next = parent[value], next != value { value = next }
      return value
    }
    func join(_ a: Int, _ b: Int) {
      let (a, b) = (find(a), find(b))
      if a != b { parent[max(a, b)] = min(a, b) }
    }
    struct Load: Hashable {
      let level, base, count: Int
      let stands: Bool
    }
    var readers: [Load: Int] = [:]
    var members: [Int] = []
    for instruction in graph.instructions {
      for value in instruction.results where kinds[value] == .fused || kinds[value] == .reduction {
        members.append(value)
        parent[value] = value
        if isolating { continue }
        for operand in instruction.operands {
          let root = roots[operand]
          if isClonable(root) { continue }
          if canJoin(root, value), levels[root] == levels[value] {
            join(root, value)
          } else if graph.types[operand].count > 1, views[operand].isContiguous {
            let load = Load(
              level: levels[value], base: views[operand].buffer, count: graph.types[operand].count,
              stands: standing[value])
            if let other = readers[load] { join(other, value) } else { readers[load] = value }
          }
        }
      }
    }
    for value in members { regions[value] = find(value) }
  }

  private mutating func findStored() {
    for output in graph.outputs { stored.insert(views[output].buffer) }
    for instruction in graph.instructions {
      let kernel = instruction.operation as? any KernelLowering
      for value in instruction.results where kinds[value] != .view {
        for (index, operand) in instruction.operands.enumerated() {
          if let number = graph.constant(operand),
            kernel?.embeds(number, asOperand: index) == true
          {
            continue
          }
          let root = roots[operand]
          let isInside =
            kinds[value] != .kernel && isFused(root)
            && (isClonable(root) || regions[root] == regions[value])
          if !isInside { stored.insert(views[operand].buffer) }
        }
      }
    }
  }
}
