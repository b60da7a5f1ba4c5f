/// The order in which nodes run, and which results take over the memory of what they replace.
struct Schedule {
  /// Node numbers in running order.
  private(set) var order: [Int] = []
  /// For a buffer that shares another's memory, that other.
  private(set) var aliases: [Int: Int] = [:]

  private var successors: [Set<Int>]
  private let nodes: [PlanBuilder.Node]

  /// `donations` pairs the buffer of a result with the input buffer it may overwrite.
  ///
  /// Returns in `refused` the pairs that cannot share memory and need a copy at the end.
  init(
    _ builder: PlanBuilder, donations: [(result: Int, input: Int)],
    refused: inout [(result: Int, input: Int)]
  ) {
    nodes = builder.nodes
    successors = Array(repeating: [], count: nodes.count)
    linkByBuffers()
    var readers: [Int: [Int]] = [:]
    var writers: [Int: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for buffer in Set(node.buffers.compactMap { $0?.buffer }) {
        if node.writes.contains(buffer) {
          writers[buffer, default: []].append(index)
        } else {
          readers[buffer, default: []].append(index)
        }
      }
    }
    for pair in donations {
      let writing = writers[pair.result] ?? []
      let reading = readers[pair.input] ?? []
      if canShare(pair, writing: writing, reading: reading) {
        aliases[pair.result] = pair.input
        for reader in reading where !writing.contains(reader) {
          if let first = writing.first { successors[reader].insert(first) }
        }
      } else {
        refused.append(pair)
      }
    }
    order = RunningOrder.sorted(builder, successors: successors, aliases: aliases)
  }

  /// Orders nodes that touch the same buffer as they were emitted.
  private mutating func linkByBuffers() {
    var lastWriter: [Int: Int] = [:]
    var readersSince: [Int: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for buffer in Set(node.buffers.compactMap { $0?.buffer }) {
        if let writer = lastWriter[buffer] { successors[writer].insert(index) }
        if node.writes.contains(buffer) {
          for reader in readersSince[buffer] ?? [] where reader != index {
            successors[reader].insert(index)
          }
          lastWriter[buffer] = index
          readersSince[buffer] = []
        } else {
          readersSince[buffer, default: []].append(index)
        }
      }
    }
  }

  private func canShare(
    _ pair: (result: Int, input: Int), writing: [Int], reading: [Int]
  ) -> Bool {
    guard let first = writing.first else { return false }
    for reader in reading {
      if writing.contains(reader) {
        let allows = nodes[reader].inPlace.contains {
          $0.read == pair.input && $0.write == pair.result
        }
        if !allows { return false }
      } else if reaches(first, reader) {
        return false
      }
    }
    return true
  }

  /// Whether `target` must run after `start`.
  private func reaches(_ start: Int, _ target: Int) -> Bool {
    var stack = [start]
    var seen: Set<Int> = [start]
    while let node = stack.popLast() {
      if node == target { return true }
      for next in successors[node] where seen.insert(next).inserted { stack.append(next) }
    }
    return false
  }
}
