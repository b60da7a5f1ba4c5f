import Foundation

/// What the thread of a store does: it sleeps until a client says something or a wait is over.
///
/// Unchecked: made by one thread and then used by that of the store alone.
final class StoreLoop: @unchecked Sendable {
  /// `nil` once the store has ended.
  private var listener: Descriptor?
  private let wakeUp: Descriptor
  private let token: [UInt8]
  private let limits: StoreLimits
  private var state: StoreState
  private var connections: [Int: StoreConnection] = [:]
  private var nextNumber = 0
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)
  /// Until when no new connection is taken, after the system had no descriptor for one.
  private var restsUntil: Int64 = 0

  init(listener: Descriptor, wakeUp: Descriptor, token: [UInt8], limits: StoreLimits) {
    self.listener = listener
    self.wakeUp = wakeUp
    self.token = token
    self.limits = limits
    state = StoreState(limits)
  }

  /// Serves until it is woken to end.
  func run() {
    serveAll()
    // Whoever holds on to the thread holds on to this: nobody may connect any more.
    connections = [:]
    listener = nil
  }

  private func serveAll() {
    while let listener {
      let numbers = Array(connections.keys)
      var entries = [
        pollfd(fd: wakeUp.number, events: Int16(POLLIN), revents: 0),
        pollfd(
          fd: listener.number, events: Int16(mayAccept ? POLLIN : 0), revents: 0),
      ]
      for number in numbers {
        let connection = connections[number]
        entries.append(
          pollfd(
            fd: connection?.descriptor.number ?? -1,
            events: Int16(POLLIN | (connection?.hasOutput == true ? POLLOUT : 0)), revents: 0))
      }
      guard poll(&entries, nfds_t(entries.count), timeout()) >= 0 || errno == EINTR else { return }
      if entries[0].revents != 0 { return }
      for (number, entry) in zip(numbers, entries.dropFirst(2)) where entry.revents != 0 {
        serve(number)
      }
      if entries[1].revents != 0 { accept(from: listener) }
      let now = SteadyClock.milliseconds()
      deliver(state.expire(at: now))
      for (number, connection) in connections {
        if let deadline = connection.deadline, deadline <= now { drop(number) }
      }
    }
  }

  private var mayAccept: Bool {
    connections.count < limits.connections && restsUntil <= SteadyClock.milliseconds()
  }

  private var greetingDeadline: Int64 {
    SteadyClock.milliseconds() + Int64(limits.greetingMilliseconds)
  }

  /// How long to sleep at most.
  private func timeout() -> Int32 {
    var deadlines = connections.values.compactMap(\.deadline)
    if let next = state.nextDeadline { deadlines.append(next) }
    let now = SteadyClock.milliseconds()
    if restsUntil > now { deadlines.append(restsUntil) }
    guard let first = deadlines.min() else { return -1 }
    return Int32(clamping: max(first - now, 0))
  }

  private func accept(from listener: Descriptor) {
    while mayAccept {
      let number = Foundation.accept(listener.number, nil, nil)
      guard number >= 0 else {
        let isShort = [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno)
        // Otherwise the connection that cannot be taken would wake the thread again and again.
        if isShort { restsUntil = SteadyClock.milliseconds() + 100 }
        return
      }
      let descriptor = Descriptor(number)
      descriptor.tune()
      connections[nextNumber] = StoreConnection(descriptor, until: greetingDeadline)
      nextNumber += 1
    }
  }

  /// Reads what a client says and does it.
  private func serve(_ number: Int) {
    guard let descriptor = connections[number]?.descriptor else { return }
    // One helping a round: a long message does not keep others waiting.
    switch descriptor.receive(&buffer) {
    case .ended: return drop(number)
    case .wouldBlock: break
    case .moved(let count):
      if connections[number]?.isEnding == false {
        connections[number]?.take(buffer[..<count])
        read(number)
      }
    }
    flush(number)
  }

  private func read(_ number: Int) {
    do throws(StoreError) {
      while let message = try connections[number]?.nextMessage(limits: limits) {
        if state.isWaiting(number) {
          throw StoreError(.invalid, "a message before the last one was answered")
        }
        try take(StoreRequest(message), from: number)
      }
    } catch {
      deliver(state.leave(number))
      connections[number]?.refuse(error, until: greetingDeadline)
    }
  }

  private func take(_ request: StoreRequest, from number: Int) throws(StoreError) {
    if connections[number]?.deadline != nil {
      guard case .hello(let given) = request, Self.isEqual(given, token) else {
        throw StoreError(.unauthenticated, "the store does not accept the token")
      }
      connections[number]?.deadline = nil
    }
    deliver(state.take(request, from: number, at: SteadyClock.milliseconds()))
  }

  /// Compares in a time that does not tell where the first difference is.
  private static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard first.count == second.count else { return false }
    return zip(first, second).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private func deliver(_ answers: [StoreState.Answer]) {
    for answer in answers {
      connections[answer.connection]?.answer(answer.reply)
      flush(answer.connection)
    }
  }

  private func flush(_ number: Int) {
    guard connections[number] != nil else { return }
    let stands = connections[number]?.flush() ?? false
    if !stands || connections[number]?.isDone == true { drop(number) }
  }

  private func drop(_ number: Int) {
    connections[number] = nil
    deliver(state.leave(number))
  }
}
