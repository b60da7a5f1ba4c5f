import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory of large tensors, kept when it is freed and handed out again.
///
/// The system clears fresh memory page by page as it is first touched, which costs more than most
/// operations on it. So freed blocks wait here for the next tensor of their size, and where the
/// system has large pages, fresh blocks ask for them.
///
/// What waits is bounded: together with what is in use it never exceeds the most that ever was in
/// use, nor an eighth of the machine's memory or 1 GiB. The oldest go back to the system first.
final class LargeBlocks: Sendable {
  /// Blocks from this size on come from here; the heap is better at smaller ones.
  static let smallest = 2 << 20

  /// Where tensors get their memory.
  static let shared = LargeBlocks(waitingLimit: LargeBlocks.eighthOfMemory)

  /// Bytes in use and waiting, over all blocks.
  struct Usage: Sendable, Equatable {
    var used = 0
    var waiting = 0
    var mostUsed = 0
  }

  private struct Block {
    let address: UInt
    let byteCount: Int
  }

  private struct State {
    var usage = Usage()
    /// The oldest first.
    var waiting: [Block] = []
  }

  /// The most bytes that wait.
  let waitingLimit: Int
  private let state = Mutex(State())
  private static let page = 2 << 20

  init(waitingLimit: Int) { self.waitingLimit = waitingLimit }

  deinit { releaseWaiting() }

  var usage: Usage { state.withLock { $0.usage } }

  /// Returns a block for `byteCount` bytes aligned to 64, and whether they are zero; `nil` when the
  /// machine has not enough.
  func take(_ byteCount: Int) -> (pointer: UnsafeMutableRawPointer, isZeroed: Bool)? {
    let size = LargeBlocks.rounded(byteCount)
    let (kept, surplus) = state.withLock { state -> (Block?, [Block]) in
      state.usage.used += size
      guard let index = state.waiting.lastIndex(where: { $0.byteCount == size }) else {
        return (nil, shrink(&state))
      }
      state.usage.waiting -= size
      return (state.waiting.remove(at: index), [])
    }
    surplus.forEach(LargeBlocks.unmap)
    if let kept, let pointer = UnsafeMutableRawPointer(bitPattern: kept.address) {
      return (pointer, false)
    }
    var fresh = LargeBlocks.map(size)
    if fresh == nil {
      releaseWaiting()
      fresh = LargeBlocks.map(size)
    }
    state.withLock { state in
      if fresh == nil { state.usage.used -= size }
      state.usage.mostUsed = max(state.usage.mostUsed, state.usage.used)
    }
    return fresh.map { ($0, true) }
  }

  /// Takes back a block of `byteCount` bytes that `take` returned.
  func give(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = LargeBlocks.rounded(byteCount)
    let surplus = state.withLock { state -> [Block] in
      state.usage.used -= size
      state.usage.waiting += size
      state.waiting.append(Block(address: UInt(bitPattern: pointer), byteCount: size))
      return shrink(&state)
    }
    surplus.forEach(LargeBlocks.unmap)
  }

  /// Gives everything that waits back to the system.
  func releaseWaiting() {
    let blocks = state.withLock { state -> [Block] in
      defer { (state.waiting, state.usage.waiting) = ([], 0) }
      return state.waiting
    }
    blocks.forEach(LargeBlocks.unmap)
  }

  /// Takes out what exceeds the bounds.
  private func shrink(_ state: inout State) -> [Block] {
    let limit = min(waitingLimit, max(0, state.usage.mostUsed - state.usage.used))
    var count = 0
    while state.usage.waiting > limit, count < state.waiting.count {
      state.usage.waiting -= state.waiting[count].byteCount
      count += 1
    }
    defer { state.waiting.removeFirst(count) }
    return Array(state.waiting.prefix(count))
  }

  private static var eighthOfMemory: Int {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = pages.multipliedReportingOverflow(by: size)
    return bytes.overflow ? 1 << 30 : min(1 << 30, max(bytes.partialValue / 8, 64 << 20))
  }

  private static func rounded(_ byteCount: Int) -> Int { (byteCount + 0xFFFF) & ~0xFFFF }

  private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
    // More than asked for, to start at a large page; the rest goes back.
    let start = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let start, UInt(bitPattern: start) != .max else { return nil }
    let gap = (page - Int(UInt(bitPattern: start) % UInt(page))) % page
    if gap > 0 { munmap(start, gap) }
    munmap(start + gap + size, page - gap)
    let pointer = start + gap
    #if os(Linux)
      madvise(pointer, size & ~(page - 1), MADV_HUGEPAGE)
    #endif
    return pointer
  }

  private static func unmap(_ block: Block) {
    munmap(UnsafeMutableRawPointer(bitPattern: block.address), block.byteCount)
  }
}
