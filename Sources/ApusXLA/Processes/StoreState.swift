/// What a store knows and who waits for what; without sockets and clocks, which the caller has.
///
/// Connections are numbers, times are milliseconds.
struct StoreState {
  typealias Bytes = [UInt8]
  typealias Answer = (connection: Int, reply: StoreReply)

  private struct Waiting {
    let key: Bytes
    let milliseconds: Int
    let deadline: Int64
  }

  let limits: StoreLimits
  private var values: [Bytes: Bytes] = [:]
  private var byteCount = 0
  /// At most one a connection: it asks again once it is answered.
  private var waiting: [Int: Waiting] = [:]
  private var meetings: [Bytes: StoreMeeting] = [:]
  private var wills: [Int: (key: Bytes, value: Bytes)] = [:]

  init(_ limits: StoreLimits) { self.limits = limits }

  /// Whether a connection has asked for something that it waits for.
  func isWaiting(_ connection: Int) -> Bool {
    waiting[connection] != nil || meetings.values.contains { $0.includes(connection) }
  }

  /// When the next wait ends.
  var nextDeadline: Int64? {
    (waiting.values.map(\.deadline) + meetings.values.flatMap(\.deadlines)).min()
  }

  /// Takes a request; answers go to its connection, and to those that waited for it.
  mutating func take(
    _ request: StoreRequest, from connection: Int, at now: Int64
  ) -> [Answer] {
    do throws(StoreError) {
      switch request {
      case .hello: return [(connection, .done)]
      case .put(let key, let value): return try put(key, value, from: connection)
      case .create(let key, let value):
        if let known = values[key], known != value {
          throw StoreError(.alreadyExists, "there is another value for \(shown(key))")
        }
        return try put(key, value, from: connection)
      case .get(let key, let milliseconds):
        return get(key, milliseconds, from: connection, at: now)
      case .meet(let name, let member, let count, let flag, let milliseconds):
        return try meet(
          name, member, count, flag, now + Int64(milliseconds), from: connection)
      case .will(let key, let value):
        try check(key, value)
        wills[connection] = (key, value)
      case .takeBackWill: wills[connection] = nil
      }
      return [(connection, .done)]
    } catch {
      return [(connection, .refused(error))]
    }
  }

  /// Forgets a connection that has ended, and does its will.
  mutating func leave(_ connection: Int) -> [Answer] {
    waiting[connection] = nil
    for name in meetings.keys { meetings[name]?.leave(connection) }
    meetings = meetings.filter { !$0.value.isEmpty }
    guard let will = wills.removeValue(forKey: connection) else { return [] }
    // There is nobody to tell that the store is full.
    let answers = try? put(will.key, will.value, from: connection)
    return (answers ?? []).filter { $0.connection != connection }
  }

  /// Ends the waits whose time is over.
  mutating func expire(at now: Int64) -> [Answer] {
    var answers: [Answer] = []
    for (connection, wait) in waiting where wait.deadline <= now {
      waiting[connection] = nil
      let reason = "no value for \(shown(wait.key)) within \(wait.milliseconds) ms"
      answers.append((connection, .refused(StoreError(.deadlineExceeded, reason))))
    }
    for name in meetings.keys {
      guard let late = meetings[name]?.expire(at: now), !late.isEmpty else { continue }
      answers += late.map { ($0.connection, .refused($0.error)) }
    }
    meetings = meetings.filter { !$0.value.isEmpty }
    return answers
  }

  private func check(_ key: Bytes, _ value: Bytes = []) throws(StoreError) {
    guard key.count <= limits.keyBytes else {
      throw StoreError(
        .invalid, "a key of \(key.count) bytes: the limit is \(limits.keyBytes)")
    }
    guard value.count <= limits.valueBytes else {
      throw StoreError(
        .invalid,
        "a value of \(value.count) bytes for \(shown(key)): the limit is \(limits.valueBytes)")
    }
  }

  private mutating func put(
    _ key: Bytes, _ value: Bytes, from connection: Int
  ) throws(StoreError) -> [Answer] {
    try check(key, value)
    let old = values[key].map { $0.count + key.count } ?? 0
    let size = byteCount - old + key.count + value.count
    guard size <= limits.totalBytes else {
      throw StoreError(
        .exhausted,
        "the store is full: \(size) bytes with \(shown(key)), the limit is \(limits.totalBytes)")
    }
    byteCount = size
    values[key] = value
    var answers: [Answer] = [(connection, .done)]
    for (waiter, wait) in waiting where wait.key == key {
      waiting[waiter] = nil
      answers.append((waiter, .value(value)))
    }
    return answers
  }

  private mutating func get(
    _ key: Bytes, _ milliseconds: Int, from connection: Int, at now: Int64
  ) -> [Answer] {
    if let value = values[key] { return [(connection, .value(value))] }
    if milliseconds == 0 {
      return [(connection, .refused(StoreError(.notFound, "no value for \(shown(key))")))]
    }
    waiting[connection] = Waiting(
      key: key, milliseconds: milliseconds, deadline: now + Int64(milliseconds))
    return []
  }

  private mutating func meet(
    _ name: Bytes, _ member: Int, _ count: Int, _ flag: Bool, _ deadline: Int64,
    from connection: Int
  ) throws(StoreError) -> [Answer] {
    try check(name)
    var meeting = meetings[name] ?? StoreMeeting(name: name, count: count)
    try meeting.come(member, of: count, flag: flag, connection, until: deadline)
    guard meeting.isComplete else {
      meetings[name] = meeting
      return []
    }
    meetings[name] = nil
    return meeting.connections.map { ($0, .met(flag: meeting.flag)) }
  }
}
