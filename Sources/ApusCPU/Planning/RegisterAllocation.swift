import CApusKernels

/// Lets instructions reuse the registers of values that are used up, to keep tiles in cache.
enum RegisterAllocation {
  /// Drops instructions nobody reads and renumbers registers; those of loads are not reused, since a
  /// load may be the memory itself. Returns how many registers remain.
  static func compact(
    _ loads: inout [apus_access], _ instructions: inout [apus_instruction],
    _ stores: inout [apus_access],
    _ reductions: inout [apus_reduction], _ count: Int32
  ) -> Int32 {
    removeDead(&instructions, stores, reductions)
    var lastUse = Array(repeating: -1, count: Int(count))
    for (index, instruction) in instructions.enumerated() {
      for operand in operands(of: instruction) { lastUse[Int(operand)] = index }
    }
    for store in stores { lastUse[Int(store.slot)] = .max }
    for reduction in reductions { lastUse[Int(reduction.output.slot)] = .max }

    var next: Int32 = 0
    var renamed = Array(repeating: Int32(-1), count: Int(count))
    for index in loads.indices {
      renamed[Int(loads[index].slot)] = next
      loads[index].slot = next
      next += 1
    }
    let loadCount = next
    var free: [Int32] = []
    for index in instructions.indices {
      let used = operands(of: instructions[index])
      let result = instructions[index].dst
      renamed[Int(result)] = free.popLast() ?? next
      if renamed[Int(result)] == next { next += 1 }
      for operand in Set(used).sorted() where lastUse[Int(operand)] == index {
        let register = renamed[Int(operand)]
        if register >= loadCount { free.append(register) }
      }
      let count = used.count
      instructions[index].a = count > 0 ? renamed[Int(used[0])] : 0
      instructions[index].b = count > 1 ? renamed[Int(used[1])] : 0
      instructions[index].c = count > 2 ? renamed[Int(used[2])] : 0
      instructions[index].dst = renamed[Int(result)]
    }
    for index in stores.indices { stores[index].slot = renamed[Int(stores[index].slot)] }
    for index in reductions.indices {
      reductions[index].output.slot = renamed[Int(reductions[index].output.slot)]
    }
    return next
  }

  private static func removeDead(
    _ instructions: inout [apus_instruction], _ stores: [apus_access],
    _ reductions: [apus_reduction]
  ) {
    var live = Set(stores.map(\.slot)).union(reductions.map(\.output.slot))
    var kept: [apus_instruction] = []
    for instruction in instructions.reversed() where live.contains(instruction.dst) {
      live.formUnion(operands(of: instruction))
      kept.append(instruction)
    }
    instructions = kept.reversed()
  }

  private static func operands(of instruction: apus_instruction) -> [Int32] {
    let all = [instruction.a, instruction.b, instruction.c]
    return Array(all.prefix(Int(instruction.operation.pointee.operands)))
  }
}
