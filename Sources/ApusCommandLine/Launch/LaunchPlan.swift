import Apus

/// Which processes are started where.
struct LaunchPlan: Sendable {
  /// The hosts, of which the first has the store; one name that does not matter when there is no
  /// other.
  var hosts: [String] = ["localhost"]
  /// Which of them this is.
  var node = 0
  /// How many processes each host has.
  var processes = 1
  /// How many devices each process has; `nil` for all of its host.
  var devicesPerProcess: Int?
  /// How long processes wait for each other at the start, in seconds.
  var patience = 300

  /// Processes on all hosts.
  var count: Int { hosts.count * processes }

  /// What must be the same on every host.
  var summary: String {
    "\(processes) processes on each of \(hosts.joined(separator: ", ")), devices each: "
      + (devicesPerProcess.map(String.init) ?? "all")
  }

  /// The processes of this host.
  func groups(store: StoreAddress, token: String) -> [ProcessGroup] {
    (0..<processes).map { place in
      ProcessGroup(
        index: node * processes + place, count: count, coordinator: "\(store)", token: token,
        devices: devicesPerProcess.map { Array(place * $0..<(place + 1) * $0) } ?? [],
        patience: patience)
    }
  }

  /// A token that nobody guesses.
  static func newToken() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<4).map { _ in String(random.next() as UInt64, radix: 36) }.joined()
  }
}
