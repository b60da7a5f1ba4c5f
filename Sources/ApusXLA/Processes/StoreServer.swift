import Foundation

/// A small store of values in the first process, which all processes meet at.
///
/// One thread serves all connections. Clients that do not know the token are refused. Keys and
/// values are bytes. Stopping, or letting go of the server, ends all connections.
package final class StoreServer: Sendable {
  /// Where clients find it; the port is the one that was taken.
  package let address: StoreAddress
  private let wakeUp: Descriptor
  /// The other end of it, which must be there as long as somebody may write.
  private let ear: Descriptor
  private let ended = DispatchSemaphore(value: 0)

  /// Opens a store.
  ///
  /// - Parameters:
  ///   - host: Where it listens; other hosts cannot reach the default.
  ///   - port: 0 for one that is free.
  ///   - token: What clients must know, at least 8 bytes.
  /// - Throws: When the address cannot be used.
  package init(
    host: String = "127.0.0.1", port: Int = 0, token: String, limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    guard (8...512).contains(token.utf8.count) else {
      throw StoreError(.invalid, "a token of \(token.utf8.count) bytes, must have from 8 to 512")
    }
    let opened = try StoreAddress(host: host, port: port).listening()
    address = StoreAddress(host: host, port: opened.port)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw StoreError(.unavailable, "cannot open a pipe: \(String(cString: strerror(errno)))")
    }
    wakeUp = Descriptor(ends[1])
    ear = Descriptor(ends[0])
    let loop = StoreLoop(
      listener: opened.socket, wakeUp: ear, token: Array(token.utf8), limits: limits)
    let thread = Thread { [ended] in
      loop.run()
      ended.signal()
    }
    thread.name = "apus store"
    thread.start()
  }

  deinit { stop() }

  /// Ends all connections and waits for the thread; a second time does nothing.
  package func stop() {
    var byte: UInt8 = 0
    _ = write(wakeUp.number, &byte, 1)
    ended.wait()
    ended.signal()
  }
}
