import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A block of 64-byte aligned memory that holds the elements of one tensor.
///
/// A storage is written only while nothing but its writer refers to it (a fresh result, or state a
/// training step owns alone); afterwards it is read-only. That rule is what makes it `Sendable`.
public final class Storage: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  /// Bytes of elements held.
  public let byteCount: Int
  /// Names the contents: what has the same number has the same elements, in the whole process.
  package private(set) var contents = Storage.nextNumber()

  private static let numbers = Atomic<UInt64>(0)

  private static func nextNumber() -> UInt64 {
    numbers.wrappingAdd(1, ordering: .relaxed).newValue
  }

  /// Gives the contents another name: owed by whoever has written, before anyone else looks.
  package func renameContents() { contents = Storage.nextNumber() }

  /// Allocates zeroed memory, or `nil` when the machine has not enough.
  package init?(zeroed byteCount: Int) {
    guard let memory = Storage.allocate(byteCount) else { return nil }
    if !memory.isZeroed { memset(memory.pointer, 0, byteCount) }
    pointer = memory.pointer
    self.byteCount = byteCount
  }

  /// Allocates memory without clearing it, or `nil` when the machine has not enough.
  package init?(uninitialized byteCount: Int) {
    guard let memory = Storage.allocate(byteCount) else { return nil }
    pointer = memory.pointer
    self.byteCount = byteCount
  }

  deinit {
    if byteCount >= LargeBlocks.smallest {
      LargeBlocks.shared.give(pointer, byteCount)
    } else {
      free(pointer)
    }
  }

  private static func allocate(
    _ byteCount: Int
  ) -> (pointer: UnsafeMutableRawPointer, isZeroed: Bool)? {
    // Sizes near the end of the range could overflow when they are rounded.
    guard byteCount >= 0, byteCount <= Int.max >> 1 else { return nil }
    if byteCount >= LargeBlocks.smallest { return LargeBlocks.shared.take(byteCount) }
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, max((byteCount + 63) & ~63, 64)) == 0, let memory else {
      return nil
    }
    return (memory, false)
  }

  /// Calls `body` with the bytes.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: pointer, count: byteCount))
  }

  /// Calls `body` with the bytes for writing; the caller guarantees nobody else reads them.
  package func withUnsafeMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    try body(UnsafeMutableRawBufferPointer(start: pointer, count: byteCount))
  }

  /// Returns a storage with the same bytes, or `nil` when the machine has not enough memory.
  package func copy() -> Storage? {
    guard let result = Storage(uninitialized: byteCount) else { return nil }
    memcpy(result.pointer, pointer, byteCount)
    return result
  }
}
