/// One client as the server sees it.
struct StoreConnection {
  let descriptor: Descriptor
  /// Until when the client must have said who it is, `nil` once it has; or have read why it is sent
  /// away.
  var deadline: Int64?
  private var input: [UInt8] = []
  private var output: ArraySlice<UInt8> = []
  /// Whether the connection ends once everything is written.
  private(set) var isEnding = false

  init(_ descriptor: Descriptor, until deadline: Int64) {
    self.descriptor = descriptor
    self.deadline = deadline
  }

  var hasOutput: Bool { !output.isEmpty }
  var isDone: Bool { isEnding && output.isEmpty }

  mutating func take(_ bytes: ArraySlice<UInt8>) { input += bytes }

  /// The next whole message; `nil` when there is none yet.
  ///
  /// - Throws: When it is longer than messages are.
  mutating func nextMessage(limits: StoreLimits) throws(StoreError) -> [UInt8]? {
    guard let length = StoreFrame.length(input[...]) else { return nil }
    let limit = deadline == nil ? limits.messageBytes : StoreLimits.greetingBytes
    guard length <= limit else {
      throw StoreError(.invalid, "a message of \(length) bytes: the limit is \(limit)")
    }
    let end = StoreFrame.headerBytes + length
    guard input.count >= end else { return nil }
    let message = Array(input[StoreFrame.headerBytes..<end])
    input.removeSubrange(..<end)
    return message
  }

  mutating func answer(_ reply: StoreReply) {
    guard !isEnding else { return }
    output += StoreFrame.framed(reply.bytes)
  }

  /// Tells the client why it is sent away.
  mutating func refuse(_ error: StoreError, until deadline: Int64) {
    answer(.refused(error))
    self.deadline = deadline
    isEnding = true
  }

  /// Writes what the system takes; whether the connection still stands.
  mutating func flush() -> Bool {
    while !output.isEmpty {
      switch descriptor.send(output) {
      case .moved(let count): output = output.dropFirst(count)
      case .wouldBlock: return true
      case .ended: return false
      }
    }
    // Lets go of the memory of a long answer.
    output = []
    return true
  }
}
