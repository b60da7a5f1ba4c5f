import ApusCore
import CApusDynamic
import Foundation

/// A store as plugins see it: C functions, called from their threads.
///
/// Unchecked: the table is written once, before anybody sees it, and the client is safe from many
/// threads.
final class StoreCallbacks: PJRTStore, @unchecked Sendable {
  private let client: StoreClient
  private let table: UnsafeMutablePointer<apus_pjrt_store>

  var callbacks: UnsafePointer<apus_pjrt_store> { UnsafePointer(table) }

  init(_ client: StoreClient) {
    self.client = client
    table = .allocate(capacity: 1)
    table.initialize(
      to: apus_pjrt_store(
        // The plugin's client holds these callbacks as long as it lives.
        context: Unmanaged.passUnretained(self).toOpaque(),
        get: { context, key, keySize, timeout, value, valueSize, message in
          let key = bytes(key, keySize)
          return StoreCallbacks.call(context, message) { client throws(StoreError) in
            let found = try client.get(key, milliseconds: Int(clamping: timeout))
            value?.pointee = try allocated(found)
            valueSize?.pointee = found.count
          }
        },
        put: { context, key, keySize, value, valueSize, message in
          let (key, value) = (bytes(key, keySize), bytes(value, valueSize))
          return StoreCallbacks.call(context, message) { client throws(StoreError) in
            try client.put(key, value)
          }
        }))
  }

  deinit { table.deallocate() }

  /// Calls `body` and turns what it throws into a code and a message.
  private static func call(
    _ context: UnsafeMutableRawPointer?,
    _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ body: (StoreClient) throws(StoreError) -> Void
  ) -> Int32 {
    guard let context else { return StoreError.Code.invalid.rawValue }
    let callbacks = Unmanaged<StoreCallbacks>.fromOpaque(context).takeUnretainedValue()
    do throws(StoreError) {
      try body(callbacks.client)
      return 0
    } catch {
      message?.pointee = strdup(error.reason)
      return error.code.rawValue
    }
  }
}

private func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
  Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
}

/// A copy that C frees.
private func allocated(_ bytes: [UInt8]) throws(StoreError) -> UnsafeMutablePointer<CChar> {
  guard let memory = malloc(max(bytes.count, 1)) else {
    throw StoreError(.exhausted, "no memory for a value of \(bytes.count) bytes")
  }
  memory.copyMemory(from: bytes, byteCount: bytes.count)
  return memory.assumingMemoryBound(to: CChar.self)
}
