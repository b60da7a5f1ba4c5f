#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The processes that compute one program together, on one host or several, and which of them this
/// is.
///
/// `apus launch` starts them. Each makes the same calls with the same data; a mesh spans the devices
/// of all. Files and progress are the matter of the first alone:
///
/// ```swift
/// if ProcessGroup.current.isCoordinator { print("trained") }
/// ```
public struct ProcessGroup: Sendable, Hashable {
  /// The number of this process, from 0.
  public let index: Int
  /// How many processes there are; 1 for one that was started alone.
  public let count: Int
  /// Host and port of the store that the processes meet at.
  package let coordinator: String
  /// What lets a process in there.
  package let token: String
  /// The devices of the host that this process uses; empty for all.
  package let devices: [Int]
  /// How long the processes wait for each other at the start, in seconds.
  package let patience: Int
  /// Why the environment names no group, if it does not.
  package let mistake: String?

  /// Whether this process writes files and shows progress.
  public var isCoordinator: Bool { index == 0 }

  /// A process without others.
  package static let alone = ProcessGroup(index: 0, count: 1)

  @TaskLocal package static var scoped: ProcessGroup?
  private static let given = ProcessGroup { name in getenv(name).map { String(cString: $0) } }

  /// The group that the environment of this process names.
  public static var current: ProcessGroup { scoped ?? given }

  package init(
    index: Int, count: Int, coordinator: String = "", token: String = "", devices: [Int] = [],
    patience: Int = 300, mistake: String? = nil
  ) {
    self.index = index
    self.count = count
    self.coordinator = coordinator
    self.token = token
    self.devices = devices
    self.patience = patience
    self.mistake = mistake
  }

  /// Throws what is wrong with the environment.
  package func check() throws(TensorError) {
    if let mistake { throw TensorError(operation: "processes", reason: mistake) }
  }
}

extension ProcessGroup {
  /// The variables that name a group.
  package enum Variable {
    package static let coordinator = "APUS_COORDINATOR"
    package static let index = "APUS_NODE"
    package static let count = "APUS_NODES"
    package static let token = "APUS_TOKEN"
    package static let devices = "APUS_LOCAL_DEVICES"
    package static let patience = "APUS_START_TIMEOUT"
  }

  /// The most processes a group has.
  package static let limit = 65_536

  /// Reads the group from variables; alone without them, or with a ``mistake`` where they make no
  /// sense.
  package init(_ variable: (String) -> String?) {
    let names = [Variable.index, Variable.count]
    let values = names.map(variable)
    guard values.contains(where: { $0 != nil }) else {
      self = .alone
      return
    }
    func wrong(_ reason: String) -> ProcessGroup {
      ProcessGroup(index: 0, count: 1, mistake: reason)
    }
    var numbers: [Int] = []
    for (name, value) in zip(names, values) {
      guard let number = value.flatMap({ Int($0) }), (0...Self.limit).contains(number) else {
        self = wrong("\(name) is \(Self.shown(value)), must be a number up to \(Self.limit)")
        return
      }
      numbers.append(number)
    }
    let (index, count) = (numbers[0], numbers[1])
    guard index < count else {
      self = wrong("\(Variable.index) is \(index): of \(count) processes the last is \(count - 1)")
      return
    }
    var devices: [Int] = []
    if let list = variable(Variable.devices), !list.isEmpty {
      let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      devices = parts.compactMap { $0 }.filter { $0 >= 0 }
      guard devices.count == parts.count, Set(devices).count == devices.count else {
        self = wrong("\(Variable.devices) is '\(list)', must be different numbers like 0,1")
        return
      }
    }
    var patience = 300
    if let text = variable(Variable.patience) {
      guard let seconds = Int(text), (1...86_400).contains(seconds) else {
        self = wrong("\(Variable.patience) is '\(text)', must be from 1 to 86400 seconds")
        return
      }
      patience = seconds
    }
    let coordinator = variable(Variable.coordinator) ?? ""
    let token = variable(Variable.token) ?? ""
    guard count == 1 || (!coordinator.isEmpty && !token.isEmpty) else {
      self = wrong(
        "\(count) processes need \(Variable.coordinator) and \(Variable.token), "
          + "as apus launch sets them")
      return
    }
    self.init(
      index: index, count: count, coordinator: coordinator, token: token, devices: devices,
      patience: patience)
  }

  private static func shown(_ value: String?) -> String { value.map { "'\($0)'" } ?? "missing" }

  /// Variables that name this group to a process.
  package var environment: [String: String] {
    var variables = [
      Variable.coordinator: coordinator, Variable.index: "\(index)", Variable.count: "\(count)",
      Variable.token: token, Variable.patience: "\(patience)",
    ]
    if !devices.isEmpty {
      variables[Variable.devices] = devices.map(String.init).joined(separator: ",")
    }
    return variables
  }
}
