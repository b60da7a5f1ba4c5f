import Testing

@testable import ApusCore

@Suite("memory of large tensors")
struct LargeBlocksTests {
  private let size = 5 << 20

  @Test("a freed block is handed out again, and told apart from a fresh one, which is zero")
  func reuse() throws {
    let blocks = LargeBlocks(waitingLimit: 64 << 20)
    let first = try #require(blocks.take(size))
    #expect(first.isZeroed)
    #expect(UInt(bitPattern: first.pointer) % (2 << 20) == 0)
    let bytes = UnsafeMutableRawBufferPointer(start: first.pointer, count: size)
    #expect(bytes.allSatisfy { $0 == 0 })
    bytes.storeBytes(of: 7, toByteOffset: size - 1, as: UInt8.self)
    blocks.give(first.pointer, size)
    let second = try #require(blocks.take(size - 100))
    #expect(second.pointer == first.pointer && !second.isZeroed)
    #expect(blocks.usage.waiting == 0)
    blocks.give(second.pointer, size - 100)
  }

  @Test("what waits and what is in use never exceed the most that was in use")
  func bound() throws {
    let blocks = LargeBlocks(waitingLimit: 1 << 30)
    let small = try (0..<4).map { _ in try #require(blocks.take(size)).pointer }
    let most = blocks.usage.used
    for pointer in small { blocks.give(pointer, size) }
    #expect(blocks.usage == .init(used: 0, waiting: most, mostUsed: most))
    // Three of those that wait have to go for this one.
    let large = try #require(blocks.take(3 * size)).pointer
    #expect(blocks.usage.used + blocks.usage.waiting <= most)
    #expect(blocks.usage.waiting > 0)
    let larger = try #require(blocks.take(4 * size)).pointer
    #expect(blocks.usage.waiting == 0)
    blocks.give(large, 3 * size)
    blocks.give(larger, 4 * size)
    blocks.releaseWaiting()
    #expect(blocks.usage.used == 0 && blocks.usage.waiting == 0)
  }

  @Test("the oldest block goes first when too many wait")
  func oldestFirst() throws {
    let blocks = LargeBlocks(waitingLimit: 2 * size)
    let sizes = [size, size + (1 << 20), size - (1 << 20)]
    let pointers = try sizes.map { try #require(blocks.take($0)).pointer }
    for (pointer, size) in zip(pointers, sizes) { blocks.give(pointer, size) }
    #expect(blocks.usage.waiting == sizes[1] + sizes[2])
    let kept = try #require(blocks.take(sizes[1]))
    #expect(kept.pointer == pointers[1])
    blocks.give(kept.pointer, sizes[1])
  }

  @Test("more than the machine has is refused and leaves no trace")
  func refusal() throws {
    let blocks = LargeBlocks(waitingLimit: 64 << 20)
    let pointer = try #require(blocks.take(size)).pointer
    blocks.give(pointer, size)
    #expect(blocks.take(1 << 60) == nil)
    #expect(blocks.usage.used == 0 && blocks.usage.mostUsed == blocks.usage.used + 5 << 20)
    #expect(Storage(zeroed: 1 << 61) == nil)
  }

  @Test("tasks take and give at once, and every block has one owner")
  func concurrency() async throws {
    let blocks = LargeBlocks(waitingLimit: 64 << 20)
    let size = size
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<50 {
            guard let block = blocks.take(size) else { return false }
            let mark = UInt64(task * 1000 + round)
            block.pointer.storeBytes(of: mark, as: UInt64.self)
            await Task.yield()
            if block.pointer.load(as: UInt64.self) != mark { return false }
            blocks.give(block.pointer, size)
          }
          return true
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(blocks.usage.used == 0)
  }

  @Test("zeroed storage is zero also where its block was used before")
  func zeroed() throws {
    for _ in 0..<3 {
      let storage = try #require(Storage(zeroed: size))
      let bytes = UnsafeRawBufferPointer(start: try storage.onHost(), count: size)
      #expect(bytes.allSatisfy { $0 == 0 })
      try storage.withUnsafeMutableBytes { $0.copyBytes(from: repeatElement(9, count: size)) }
    }
  }
}
