import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The elements of one tensor: 64-byte aligned memory of the host, an array on another device, or
/// both with the same contents.
///
/// What was computed on a device stays there until somebody asks for ``onHost()``. A storage is
/// written only while nothing but its writer refers to it (a fresh result, or state a training step
/// owns alone); afterwards it is read-only. That rule, and the lock around the change of place, is
/// what makes it `Sendable`.
public final class Storage: @unchecked Sendable {
  /// Bytes of elements held.
  public let byteCount: Int
  /// Names the contents: what has the same number has the same elements, in the whole process.
  package private(set) var contents = Storage.nextNumber()
  /// The memory of the host, once there is some.
  private let memory: Atomic<UnsafeMutableRawPointer?>
  private let remote = Mutex<(any DeviceElements)?>(nil)

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
    self.memory = Atomic(memory.pointer)
    self.byteCount = byteCount
  }

  /// Allocates memory without clearing it, or `nil` when the machine has not enough.
  package init?(uninitialized byteCount: Int) {
    guard let memory = Storage.allocate(byteCount) else { return nil }
    self.memory = Atomic(memory.pointer)
    self.byteCount = byteCount
  }

  /// Takes no memory yet: a device will give the elements.
  package init(awaiting byteCount: Int) {
    memory = Atomic(nil)
    self.byteCount = byteCount
  }

  deinit {
    if let pointer = memory.load(ordering: .relaxed) { Storage.free(pointer, byteCount) }
  }

  private static func free(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    if byteCount >= LargeBlocks.smallest {
      LargeBlocks.shared.give(pointer, byteCount)
    } else {
      freeMemory(pointer)
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

  /// The memory of the host, which must be there: that of a storage whose elements no device has.
  package var pointer: UnsafeMutableRawPointer {
    guard let pointer = memory.load(ordering: .acquiring) else {
      preconditionFailure("the elements are on a device: ask for onHost()")
    }
    return pointer
  }

  /// The memory of the host; elements that lie on a device are fetched first.
  ///
  /// - Throws: When the machine has not enough memory, or the device's own error.
  package func onHost() throws(TensorError) -> UnsafeMutableRawPointer {
    if let pointer = memory.load(ordering: .acquiring) { return pointer }
    let fetched: Result<UnsafeMutableRawPointer, TensorError> = remote.withLock { remote in
      if let pointer = memory.load(ordering: .acquiring) { return .success(pointer) }
      guard let block = Storage.allocate(byteCount) else {
        return .failure(
          TensorError(operation: "read", reason: "no memory for \(byteCount) bytes"))
      }
      do throws(TensorError) {
        if let remote {
          try remote.read(into: block.pointer)
        } else if !block.isZeroed {
          memset(block.pointer, 0, byteCount)
        }
      } catch {
        Storage.free(block.pointer, byteCount)
        return .failure(error)
      }
      memory.store(block.pointer, ordering: .releasing)
      return .success(block.pointer)
    }
    return try fetched.get()
  }

  /// The memory of the host, to be written: what a device has will be out of date and is let go.
  package func onHostAlone() throws(TensorError) -> UnsafeMutableRawPointer {
    let pointer = try onHost()
    remote.withLock { $0 = nil }
    return pointer
  }

  /// Calls `body` with the bytes, in memory of the host.
  ///
  /// - Throws: When the machine has not enough memory, or the device's own error.
  public func withUnsafeBytes<R>(
    _ body: (UnsafeRawBufferPointer) -> R
  ) throws(TensorError) -> R {
    let pointer = try onHost()
    return withExtendedLifetime(self) {
      body(UnsafeRawBufferPointer(start: pointer, count: byteCount))
    }
  }

  /// Calls `body` with the bytes for writing; the caller guarantees nobody else reads them. What a
  /// device had is out of date then.
  package func withUnsafeMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) -> R
  ) throws(TensorError) -> R {
    body(UnsafeMutableRawBufferPointer(start: try onHostAlone(), count: byteCount))
  }

  /// Returns a storage with the same elements, or `nil` when the machine has not enough memory.
  package func copy() -> Storage? {
    if let elements = deviceElements {
      let result = Storage(awaiting: byteCount)
      result.attach(elements)
      return result
    }
    guard let result = Storage(uninitialized: byteCount) else { return nil }
    if let source = memory.load(ordering: .acquiring) {
      memcpy(result.pointer, source, byteCount)
    } else {
      memset(result.pointer, 0, byteCount)
    }
    return result
  }
}

extension Storage {
  /// The elements as a device has them, if one does.
  package var deviceElements: (any DeviceElements)? { remote.withLock { $0 } }

  /// Notes that a device has the same elements.
  package func attach(_ elements: any DeviceElements) { remote.withLock { $0 = elements } }

  /// Hands over the elements of a device, which may then be overwritten.
  package func takeDeviceElements() -> (any DeviceElements)? {
    remote.withLock { remote in
      defer { remote = nil }
      return remote
    }
  }

  /// Takes what a device has computed; memory of the host is given up.
  package func become(_ elements: any DeviceElements) {
    remote.withLock { remote in
      remote = elements
      if let old = memory.exchange(nil, ordering: .acquiringAndReleasing) {
        Storage.free(old, byteCount)
      }
    }
  }
}

/// The elements of a tensor in the memory of another device.
package protocol DeviceElements: AnyObject, Sendable {
  /// Copies all elements to memory of the host, row-major, once they are computed.
  ///
  /// - Throws: What went wrong computing them: an error of the data, or of the device.
  func read(into memory: UnsafeMutableRawPointer) throws(TensorError)
}

private func freeMemory(_ pointer: UnsafeMutableRawPointer) { free(pointer) }
