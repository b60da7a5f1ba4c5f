import Apus
import ArgumentParser
import Foundation

/// `apus launch`.
struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Starts a command as several processes that compute together.",
    discussion: """
      On one host, two processes with a device each:
        apus launch --processes 2 -- my-training --epochs 3
      On two hosts, the same line on each with its own --node; the first has the store that all meet \
      at, and APUS_TOKEN must hold the same secret on both:
        apus launch --nodes host0,host1 --node 0 -- my-training --epochs 3

      Every process finds its place in APUS_NODE and APUS_NODES, the store in APUS_COORDINATOR and \
      APUS_TOKEN. Lines of output begin with the number of their process. When one process fails, \
      all are ended.

      Exit codes: 0 all processes ended with 0; otherwise that of the first process that failed, 128 \
      and the number of the signal that ended it; 1 another host failed; 64 wrong options; 130 \
      interrupted.
      """)

  @Option(help: ArgumentHelp("Processes on each host.", valueName: "count"))
  var processes = 1

  @Option(
    help: ArgumentHelp(
      "Devices of its host that each process has; 1 for several processes, otherwise all.",
      valueName: "count"))
  var devicesPerProcess: Int?

  @Option(help: ArgumentHelp("All hosts, the one with the store first.", valueName: "host,…"))
  var nodes: String?

  @Option(help: ArgumentHelp("Which of the hosts this is, from 0.", valueName: "number"))
  var node: Int?

  @Option(
    help: ArgumentHelp(
      "Where the store listens: this host alone, or with --nodes the name of the first.",
      valueName: "host"))
  var address: String?

  @Option(
    help: ArgumentHelp(
      "Port of the store: a free one, or with --nodes \(Self.standardPort).", valueName: "number"))
  var port: Int?

  @Option(
    help: ArgumentHelp(
      "How long processes and hosts wait for each other at the start.", valueName: "seconds"))
  var startTimeout = 300

  @Option(
    help: ArgumentHelp(
      "How long processes have to end when they are asked to.", valueName: "seconds"))
  var grace = 30

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("After --, the command and its arguments.", valueName: "command"))
  var command: [String] = []

  static let standardPort = 7171

  private var hosts: [String] {
    (nodes ?? "localhost").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  func validate() throws {
    if command.isEmpty { throw ValidationError("Give the command to start after --.") }
    func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
      guard let value, !range.contains(value) else { return }
      throw ValidationError(
        "\(name) is \(value), must be from \(range.lowerBound) to \(range.upperBound).")
    }
    try check("--processes", processes, 1...1024)
    try check("--devices-per-process", devicesPerProcess, 1...1024)
    try check("--port", port, 0...65_535)
    try check("--start-timeout", startTimeout, 1...86_400)
    try check("--grace", grace, 0...86_400)
    guard nodes != nil else {
      if node != nil { throw ValidationError("--node needs the hosts of --nodes.") }
      return
    }
    if hosts.contains("") || Set(hosts).count < hosts.count {
      throw ValidationError("--nodes must be different names of hosts, separated by commas.")
    }
    guard let node else { throw ValidationError("--nodes needs --node: which of them this is.") }
    try check("--node", node, 0...(hosts.count - 1))
    if port == 0 { throw ValidationError("--port must not be 0 with --nodes: others look there.") }
  }

  mutating func run() throws {
    let plan = LaunchPlan(
      hosts: hosts, node: node ?? 0, processes: processes,
      devicesPerProcess: devicesPerProcess ?? (processes > 1 ? 1 : nil), patience: startTimeout)
    let token = try token()
    var store = StoreAddress(host: hosts[0], port: port ?? Self.standardPort)
    var server: StoreServer?
    if plan.node == 0 {
      let host = address ?? (nodes == nil ? "127.0.0.1" : hosts[0])
      do {
        let opened = try StoreServer(
          host: host, port: port ?? (nodes == nil ? 0 : Self.standardPort), token: token)
        if nodes == nil { store = opened.address }
        server = opened
      } catch { throw Failure("launch", error.reason) }
    }
    defer { server?.stop() }
    let agreement =
      plan.hosts.count > 1 ? try HostAgreement(plan, store: store, token: token) : nil
    try Launcher(plan, command: command, grace: .seconds(grace), agreement: agreement)
      .run(plan.groups(store: store, token: token))
  }

  /// The secret of the environment, or a new one where no other host must know it.
  private func token() throws -> String {
    let name = ProcessGroup.Variable.token
    if let token = ProcessInfo.processInfo.environment[name], !token.isEmpty { return token }
    guard nodes == nil else {
      throw Failure("launch", "--nodes needs \(name): the same secret on every host")
    }
    return LaunchPlan.newToken()
  }
}
