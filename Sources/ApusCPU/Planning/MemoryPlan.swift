/// Where every buffer of a plan lies in its arena.
///
/// Buffers whose lifetimes do not meet share bytes; a result computed in place takes over the
/// memory of the operand it uses up.
struct MemoryPlan {
  /// Bytes from the arena's start, for buffers that live there.
  private(set) var offsets: [Int: Int] = [:]
  /// Bytes the arena needs.
  private(set) var byteCount = 0
  /// The buffer whose memory a buffer uses: itself, unless it shares.
  private(set) var homes: [Int]
  /// For a buffer that takes over the memory of an operand used up, that operand.
  private(set) var donors: [Int: Int] = [:]

  private struct Block {
    var offset: Int
    var size: Int
  }

  /// Lays out buffers for nodes that run in `order`; `kept` ones are never overwritten.
  init(_ builder: PlanBuilder, _ schedule: Schedule, order: [Int], kept: Set<Int>) {
    let buffers = builder.buffers
    homes = Array(buffers.indices)
    for (buffer, target) in schedule.aliases { homes[buffer] = target }
    var lastUse: [Int: Int] = [:]
    for (position, node) in order.enumerated() {
      for reference in builder.nodes[node].buffers {
        guard let reference else { continue }
        lastUse[homes[reference.buffer]] = position
      }
    }
    var free: [Block] = []
    var expiring: [Int: [Int]] = [:]
    for buffer in kept { lastUse[buffer] = .max }
    for (buffer, position) in lastUse { expiring[position, default: []].append(buffer) }

    func livesInArena(_ buffer: Int) -> Bool {
      switch buffers[buffer].role {
      case .value, .scratch: homes[buffer] == buffer
      case .input, .output, .data: false
      }
    }

    for (position, number) in order.enumerated() {
      let node = builder.nodes[number]
      for buffer in node.writes.sorted() where livesInArena(buffer) && offsets[buffer] == nil {
        if let donor = donor(for: buffer, node, at: position, lastUse, builder) {
          // The donor's bytes now belong to the result, until its own last use.
          offsets[buffer] = offsets[donor]
          donors[buffer] = donor
          expiring[position]?.removeAll { $0 == donor }
        } else {
          offsets[buffer] = place(max(buffers[buffer].byteCount, 64), &free)
        }
      }
      for buffer in (expiring[position] ?? []).sorted() {
        guard livesInArena(buffer), let offset = offsets[buffer] else { continue }
        release(Block(offset: offset, size: rounded(max(buffers[buffer].byteCount, 64))), &free)
      }
    }
  }

  private func donor(
    for buffer: Int, _ node: PlanBuilder.Node, at position: Int, _ lastUse: [Int: Int],
    _ builder: PlanBuilder
  ) -> Int? {
    for pair in node.inPlace where pair.write == buffer {
      guard homes[pair.read] == pair.read, offsets[pair.read] != nil,
        lastUse[pair.read] == position, !node.writes.contains(pair.read),
        builder.buffers[pair.read].byteCount == builder.buffers[buffer].byteCount,
        // Two results of one node must not take over the same operand.
        !node.writes.contains(where: { $0 != buffer && offsets[$0] == offsets[pair.read] })
      else { continue }
      return pair.read
    }
    return nil
  }

  private func rounded(_ size: Int) -> Int { (size + 63) & ~63 }

  private mutating func place(_ size: Int, _ free: inout [Block]) -> Int {
    let size = rounded(size)
    let fitting = free.indices.filter { free[$0].size >= size }
    if let best = fitting.min(by: { free[$0].size < free[$1].size }) {
      let offset = free[best].offset
      free[best].offset += size
      free[best].size -= size
      if free[best].size == 0 { free.remove(at: best) }
      return offset
    }
    // Grow from a free block at the end, if there is one.
    if let last = free.last, last.offset + last.size == byteCount {
      free.removeLast()
      byteCount = last.offset + size
      return last.offset
    }
    defer { byteCount += size }
    return byteCount
  }

  private func release(_ block: Block, _ free: inout [Block]) {
    let index = free.firstIndex { $0.offset > block.offset } ?? free.count
    free.insert(block, at: index)
    if index + 1 < free.count, free[index].offset + free[index].size == free[index + 1].offset {
      free[index].size += free[index + 1].size
      free.remove(at: index + 1)
    }
    if index > 0, free[index - 1].offset + free[index - 1].size == free[index].offset {
      free[index - 1].size += free[index].size
      free.remove(at: index)
    }
  }
}
