import Synchronization

/// A store as another process sees it. Safe from many threads at once: each call has a connection
/// of its own, which is kept for the next.
package final class StoreClient: Sendable {
  package let address: StoreAddress
  private let token: [UInt8]
  private let limits: StoreLimits
  private let idle = Mutex<[StoreLine]>([])

  /// How long the store may take to answer beyond the time that a call waits for something.
  private static let grace = 20_000

  /// Connects, waiting for a store that is not yet there.
  ///
  /// - Throws: When none answers in time, or it does not accept the token.
  package init(
    _ address: StoreAddress, token: String, connectingFor milliseconds: Int = 10_000,
    limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    self.address = address
    self.token = Array(token.utf8)
    self.limits = limits
    let first = try Self.line(address, self.token, milliseconds, isPatient: true)
    idle.withLock { $0.append(first) }
  }

  private static func line(
    _ address: StoreAddress, _ token: [UInt8], _ milliseconds: Int = 10_000,
    isPatient: Bool = false
  ) throws(StoreError) -> StoreLine {
    let deadline = SteadyClock.milliseconds() + Int64(milliseconds)
    let line = StoreLine(address, try address.connected(until: deadline, isPatient: isPatient))
    _ = try line.ask(.hello(token: token), for: grace)
    return line
  }

  private func take() throws(StoreError) -> StoreLine {
    if let line = idle.withLock({ $0.popLast() }) { return line }
    return try Self.line(address, token)
  }

  private func ask(
    _ request: StoreRequest, for milliseconds: Int = 0
  ) throws(StoreError) -> StoreReply {
    let line = try take()
    // What was refused leaves the connection as it was; what was lost is not used again.
    defer { if line.isReady { idle.withLock { $0.append(line) } } }
    return try line.ask(request, for: milliseconds + Self.grace)
  }

  /// Sets a value.
  ///
  /// - Parameter isNew: Whether another value there is a mistake.
  package func put(
    _ key: [UInt8], _ value: [UInt8], isNew: Bool = false
  ) throws(StoreError) {
    try check(key, value)
    _ = try ask(isNew ? .create(key: key, value: value) : .put(key: key, value: value))
  }

  /// A value, once there is one.
  ///
  /// - Throws: That none came in time; at once where there is no time to wait.
  package func get(_ key: [UInt8], milliseconds: Int) throws(StoreError) -> [UInt8] {
    try check(key)
    let wait = min(max(milliseconds, 0), StoreLimits.timeoutMilliseconds)
    guard case .value(let value) = try ask(.get(key: key, milliseconds: wait), for: wait) else {
      throw StoreError(.unavailable, "the store at \(address) gave no value for \(shown(key))")
    }
    return value
  }

  /// Waits until all members have come to a meeting; they may meet again under the same name.
  ///
  /// - Returns: Whether a member raised the flag.
  /// - Throws: Who did not come in time.
  @discardableResult
  package func meet(
    _ name: String, member: Int, of count: Int, flag: Bool = false, milliseconds: Int
  ) throws(StoreError) -> Bool {
    let wait = min(max(milliseconds, 0), StoreLimits.timeoutMilliseconds)
    let request = StoreRequest.meet(
      name: Array(name.utf8), member: member, count: count, flag: flag, milliseconds: wait)
    guard case .met(let flag) = try ask(request, for: wait) else {
      throw StoreError(.unavailable, "the store at \(address) knows no meetings")
    }
    return flag
  }

  /// Leaves a value that the store sets when this process ends without taking it back.
  package func leave(_ value: [UInt8], under key: [UInt8]) throws(StoreError) -> StoreWill {
    try check(key, value)
    let line = try Self.line(address, token)
    _ = try line.ask(.will(key: key, value: value), for: Self.grace)
    return StoreWill(line)
  }

  private func check(_ key: [UInt8], _ value: [UInt8] = []) throws(StoreError) {
    guard key.count <= limits.keyBytes, value.count <= limits.valueBytes else {
      throw StoreError(
        .invalid,
        "\(shown(key)) has \(key.count) bytes and a value of \(value.count): the limits are "
          + "\(limits.keyBytes) and \(limits.valueBytes)")
    }
  }
}

/// A value that the store sets when the connection ends, as when the process does.
package final class StoreWill: Sendable {
  private let line: Mutex<StoreLine?>

  init(_ line: StoreLine) { self.line = Mutex(line) }

  /// Takes the value back: this process ends in good order.
  package func takeBack() throws(StoreError) {
    guard let line = line.withLock({ $0.take() }) else { return }
    _ = try line.ask(.takeBackWill, for: 20_000)
  }
}
