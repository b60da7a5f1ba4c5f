import Foundation

/// One connection to a store, used by one call at a time.
///
/// Unchecked: the client that owns it hands it to one thread at a time, under a lock.
final class StoreLine: @unchecked Sendable {
  private let address: StoreAddress
  private let descriptor: Descriptor
  private var input: [UInt8] = []
  /// Whether the last call got its answer.
  private(set) var isReady = true

  init(_ address: StoreAddress, _ descriptor: Descriptor) {
    self.address = address
    self.descriptor = descriptor
  }

  /// Sends a request and waits for its answer.
  ///
  /// - Throws: What the store refuses; that it does not answer, or the connection is lost.
  func ask(_ request: StoreRequest, for milliseconds: Int) throws(StoreError) -> StoreReply {
    let deadline = SteadyClock.milliseconds() + Int64(milliseconds)
    isReady = false
    let failure: StoreError?
    do throws(StoreError) {
      try send(StoreFrame.framed(request.bytes), until: deadline)
      failure = nil
    } catch { failure = error }
    // A store that sends somebody away tells why, even if it did not read everything.
    let reply: StoreReply
    do throws(StoreError) { reply = try answer(until: deadline) } catch { throw failure ?? error }
    if case .refused(let error) = reply {
      isReady = failure == nil && error.code != .unauthenticated
      throw described(error)
    }
    isReady = true
    return reply
  }

  private func described(_ error: StoreError) -> StoreError {
    guard error.code == .unauthenticated else { return error }
    return StoreError(
      .unauthenticated,
      "the store at \(address) does not accept the token: APUS_TOKEN must be the same everywhere")
  }

  private func lost(_ reason: String) -> StoreError {
    StoreError(
      .unavailable,
      "the connection to the store at \(address) was lost (\(reason)): the first process has ended "
        + "or cannot be reached")
  }

  private func send(_ bytes: [UInt8], until deadline: Int64) throws(StoreError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch descriptor.send(rest) {
      case .moved(let count): rest = rest.dropFirst(count)
      case .ended(let reason): throw lost(reason)
      case .wouldBlock:
        guard descriptor.wait(for: Int32(POLLOUT), until: deadline) else {
          throw lost("it takes nothing")
        }
      }
    }
  }

  private func answer(until deadline: Int64) throws(StoreError) -> StoreReply {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      if let length = StoreFrame.length(input[...]) {
        let end = StoreFrame.headerBytes + length
        if input.count >= end {
          let reply = try StoreReply(Array(input[StoreFrame.headerBytes..<end]))
          input.removeSubrange(..<end)
          return reply
        }
      }
      switch descriptor.receive(&buffer) {
      case .moved(let count): input += buffer[..<count]
      case .ended(let reason): throw lost(reason)
      case .wouldBlock:
        guard descriptor.wait(for: Int32(POLLIN), until: deadline) else {
          throw lost("it does not answer")
        }
      }
    }
  }
}
