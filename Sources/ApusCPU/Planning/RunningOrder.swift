/// Puts nodes in the order in which they run.
///
/// Every node runs as close to its place in the program as its operands allow. A node that frees
/// more memory than it takes runs as soon as it can: an update of weights where their gradient is
/// at hand, instead of after all gradients, which would all live until then.
struct RunningOrder {
  private let nodes: [PlanBuilder.Node]
  private let successors: [Set<Int>]
  /// Whether a node is a copy between buffers that share memory, which is dropped.
  private let isDropped: [Bool]
  /// The buffers in the arena that each node touches, each once.
  private var touched: [[Int]] = []
  /// The nodes that touch each buffer.
  private var users: [[Int]]
  /// How many of them are still to run.
  private var remaining: [Int]
  /// Bytes of each buffer in the arena; 0 for memory from outside.
  private let sizes: [Int]
  private var isLive: [Bool]
  private var isDone: [Bool]
  private var waiting: [Int]
  private var ready: Heap
  private var freeing: Heap
  private var order: [Int] = []

  /// Returns node numbers in running order.
  ///
  /// - Parameters:
  ///   - successors: For every node, those that must run after it.
  ///   - aliases: For a buffer that shares another's memory, that other.
  static func sorted(
    _ builder: PlanBuilder, successors: [Set<Int>], aliases: [Int: Int]
  ) -> [Int] {
    var order = RunningOrder(builder, successors, aliases)
    order.run()
    return order.order
  }

  private init(_ builder: PlanBuilder, _ successors: [Set<Int>], _ aliases: [Int: Int]) {
    let nodes = builder.nodes
    self.nodes = nodes
    self.successors = successors
    let sizes = builder.buffers.indices.map { buffer in
      switch builder.buffers[aliases[buffer] ?? buffer].role {
      case .value, .scratch: builder.buffers[buffer].byteCount
      case .input, .output, .data: 0
      }
    }
    isDropped = nodes.map { node in
      guard node.isElidable, let from = node.buffers[0], let to = node.buffers[1] else {
        return false
      }
      return aliases[to.buffer] == (aliases[from.buffer] ?? from.buffer)
    }
    var users: [[Int]] = Array(repeating: [], count: sizes.count)
    for (index, node) in nodes.enumerated() {
      let buffers = Set(node.buffers.compactMap { $0?.buffer }).filter { sizes[$0] > 0 }
      touched.append(buffers.sorted())
      for buffer in buffers { users[buffer].append(index) }
    }
    self.sizes = sizes
    self.users = users
    remaining = users.map(\.count)
    isLive = Array(repeating: false, count: sizes.count)
    isDone = Array(repeating: false, count: nodes.count)
    waiting = Array(repeating: 0, count: nodes.count)
    for next in successors { for node in next { waiting[node] += 1 } }
    let precedes: (Int, Int) -> Bool = { (nodes[$0].order, $0) < (nodes[$1].order, $1) }
    ready = Heap(by: precedes)
    freeing = Heap(by: precedes)
  }

  private mutating func run() {
    for node in nodes.indices where waiting[node] == 0 { enter(node) }
    while let node = freeing.pop() ?? ready.pop() {
      if isDone[node] { continue }
      isDone[node] = true
      order.append(node)
      for buffer in touched[node] {
        isLive[buffer] = true
        remaining[buffer] -= 1
        guard remaining[buffer] == 1, let last = users[buffer].first(where: { !isDone[$0] }) else {
          continue
        }
        if waiting[last] == 0, freesMemory(last) { freeing.push(last) }
      }
      for next in successors[node] {
        waiting[next] -= 1
        if waiting[next] == 0 { enter(next) }
      }
    }
  }

  /// Takes up a node whose operands are at hand.
  private mutating func enter(_ node: Int) {
    ready.push(node)
    if freesMemory(node) { freeing.push(node) }
  }

  /// Whether less memory is in use after the node than before it, or the node is nothing.
  private func freesMemory(_ node: Int) -> Bool {
    if isDropped[node] { return true }
    var freed = 0
    for buffer in touched[node] {
      if !isLive[buffer] {
        freed -= sizes[buffer]
      } else if remaining[buffer] == 1 {
        freed += sizes[buffer]
      }
    }
    return freed > 0
  }
}

/// A binary heap: the smallest element comes out first.
private struct Heap {
  private var elements: [Int] = []
  private let precedes: (Int, Int) -> Bool

  init(by precedes: @escaping (Int, Int) -> Bool) { self.precedes = precedes }

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
