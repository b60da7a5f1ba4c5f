/// Members that wait until all have come.
struct StoreMeeting {
  private struct Member {
    let connection: Int
    let flag: Bool
    let deadline: Int64
  }

  let name: [UInt8]
  let count: Int
  private var members: [Int: Member] = [:]

  init(name: [UInt8], count: Int) {
    self.name = name
    self.count = count
  }

  var isEmpty: Bool { members.isEmpty }
  var isComplete: Bool { members.count == count }
  var connections: [Int] { members.values.map(\.connection) }
  var deadlines: [Int64] { members.values.map(\.deadline) }
  /// Whether somebody raised the flag.
  var flag: Bool { members.values.contains(where: \.flag) }

  func includes(_ connection: Int) -> Bool {
    members.values.contains { $0.connection == connection }
  }

  mutating func come(
    _ member: Int, of count: Int, flag: Bool, _ connection: Int, until deadline: Int64
  ) throws(StoreError) {
    guard count == self.count, (0..<count).contains(member) else {
      throw StoreError(
        .invalid,
        "member \(member) of \(count) comes to meeting \(shown(name)) of \(self.count)")
    }
    guard members[member] == nil else {
      throw StoreError(
        .alreadyExists, "member \(member) has come to meeting \(shown(name)) twice")
    }
    members[member] = Member(connection: connection, flag: flag, deadline: deadline)
  }

  mutating func leave(_ connection: Int) {
    members = members.filter { $0.value.connection != connection }
  }

  /// Sends those away whose time is over, telling them who has not come.
  mutating func expire(at now: Int64) -> [(connection: Int, error: StoreError)] {
    let late = members.filter { $0.value.deadline <= now }
    guard !late.isEmpty else { return [] }
    let missing = (0..<count).filter { members[$0] == nil }
    let names = missing.prefix(16).map(String.init).joined(separator: ", ")
    let reason =
      "\(members.count) of \(count) came to meeting \(shown(name)) in time; missing: \(names)"
      + (missing.count > 16 ? " and \(missing.count - 16) more" : "")
    for member in late.keys { members[member] = nil }
    return late.values.map { ($0.connection, StoreError(.deadlineExceeded, reason)) }
  }
}
