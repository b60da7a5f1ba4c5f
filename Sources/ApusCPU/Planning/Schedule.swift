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
    _ nodes: [PlanBuilder.Node], donations: [(result: Int, input: Int)],
    refused: inout [(result: Int, input: Int)]
  ) {
    self.nodes = nodes
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
    sort()
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

  /// Runs every node as close to its place in the program as its operands allow.
  private mutating func sort() {
    var waiting = Array(repeating: 0, count: nodes.count)
    for next in successors { for node in next { waiting[node] += 1 } }
    var ready = Heap(nodes.indices.filter { waiting[$0] == 0 }) { [nodes] in
      (nodes[$0].order, $0) < (nodes[$1].order, $1)
    }
    while let node = ready.pop() {
      order.append(node)
      for next in successors[node] {
        waiting[next] -= 1
        if waiting[next] == 0 { ready.push(next) }
      }
    }
  }
}

/// A binary heap: the smallest element comes out first.
private struct Heap {
  private var elements: [Int] = []
  private let precedes: (Int, Int) -> Bool

  init(_ elements: [Int], by precedes: @escaping (Int, Int) -> Bool) {
    self.precedes = precedes
    for element in elements { push(element) }
  }

  mutating func push(_ element: Int) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, precedes(elements[child], elements[(child - 1) / 2]) {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let first = elements.first else { return nil }
    let last = elements.removeLast()
    if elements.isEmpty { return first }
    elements[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < elements.count && precedes(elements[child], elements[smallest]) {
        smallest = child
      }
      if smallest == parent { return first }
      elements.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
