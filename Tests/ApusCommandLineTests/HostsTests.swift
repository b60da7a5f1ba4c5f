import Foundation
import Testing

/// Two launchers on this machine stand for two hosts.
@Suite("apus launch on several hosts", .serialized, .timeLimit(.minutes(2)))
struct HostsTests {
  private struct Host {
    let process: Process
    let output: String
    let errors: String

    func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  }

  /// A port that nobody listens at.
  private func freePort() throws -> Int {
    let number = socket(AF_INET, 1, 0)
    defer { close(number) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let found = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(number, pointer, size) == 0 && getsockname(number, pointer, &size) == 0
      }
    }
    try #require(found)
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private func start(
    _ node: Int, _ folder: String, port: Int, token: String = "a secret of hosts",
    options: [String] = [], _ script: String
  ) throws -> Host {
    let (output, errors) = ("\(folder)/out\(node)", "\(folder)/err\(node)")
    let process = try Tool.start(
      "/usr/bin/env",
      [
        "APUS_TOKEN=\(token)", Tool.path, "launch", "--nodes", "127.0.0.1,localhost", "--node",
        "\(node)", "--port", "\(port)", "--start-timeout", "30",
      ] + options + ["--", "/bin/sh", "-c", script], output: output, errors: errors)
    return Host(process: process, output: output, errors: errors)
  }

  /// Runs both to their end.
  private func run(
    _ scripts: (String, String), tokens: (String, String)? = nil,
    options: ([String], [String]) = ([], [])
  ) throws -> [(status: Int32, output: String, errors: String)] {
    try Folder.temporary { folder in
      let port = try freePort()
      let tokens = tokens ?? ("a secret of hosts", "a secret of hosts")
      let hosts = [
        try start(0, folder, port: port, token: tokens.0, options: options.0, scripts.0),
        try start(1, folder, port: port, token: tokens.1, options: options.1, scripts.1),
      ]
      for host in hosts { host.process.waitUntilExit() }
      return try hosts.map {
        ($0.process.terminationStatus, try $0.text($0.output), try $0.text($0.errors))
      }
    }
  }

  @Test("processes are counted over the hosts; the first host waits for the last")
  func places() throws {
    let script = "echo \"$APUS_NODE/$APUS_NODES at ${APUS_COORDINATOR%:*}\""
    let twice = ["--processes", "2"]
    let outcomes = try run((script, "sleep 0.3; " + script), options: (twice, twice))
    #expect(outcomes.map(\.status) == [0, 0])
    #expect(outcomes.map(\.errors) == ["", ""])
    let lines = outcomes.map { $0.output.split(separator: "\n").map(String.init).sorted() }
    #expect(lines[0] == ["[0] 0/4 at 127.0.0.1", "[1] 1/4 at 127.0.0.1"])
    #expect(lines[1] == ["[2] 2/4 at 127.0.0.1", "[3] 3/4 at 127.0.0.1"])
  }

  @Test("a failure on one host ends the other, which says why")
  func failing() throws {
    let outcomes = try run(("exec sleep 600", "sleep 0.2; exit 4"))
    #expect(outcomes.map(\.status) == [1, 4])
    let reason = "error: launch: process 1 of 2 ended with code 4; the others were ended"
    #expect(outcomes[0].errors == reason + " on localhost\n")
    #expect(outcomes[1].errors == reason + "\n")
  }

  @Test("a launcher that vanishes ends those of the other hosts", arguments: [0, 1])
  func vanishing(node: Int) throws {
    try Folder.temporary { folder in
      let port = try freePort()
      let mark = folder + "/began"
      let script = "touch \(mark)$APUS_NODE; exec sleep 600"
      let hosts = try (0..<2).map { try start($0, folder, port: port, script) }
      let end = ContinuousClock.now + .seconds(60)
      while (0..<2).contains(where: { !FileManager.default.fileExists(atPath: mark + "\($0)") }) {
        try #require(ContinuousClock.now < end)
        usleep(5_000)
      }
      kill(hosts[node].process.processIdentifier, SIGKILL)
      for host in hosts { host.process.waitUntilExit() }
      let other = hosts[1 - node]
      #expect(other.process.terminationStatus == 1)
      let errors = try other.text(other.errors)
      #expect(
        node == 1
          ? errors == "error: launch: the launcher on localhost (node 1) is gone\n"
          : errors.hasPrefix(
            "error: launch: the connection to the store at 127.0.0.1:\(port) was lost"),
        "\(errors)")
    }
  }

  @Test("hosts that were started with other settings tell both")
  func settings() throws {
    let outcomes = try run(("exit 0", "exit 0"), options: ([], ["--processes", "2"]))
    #expect(outcomes[1].status == 1)
    #expect(
      outcomes[1].errors.hasPrefix(
        "error: launch: the hosts were started with other settings: localhost with 2 processes on "
          + "each of 127.0.0.1, localhost, devices each: 1; 127.0.0.1 with 1 processes on each of "),
      "\(outcomes[1].errors)")
    #expect(outcomes[0].status == 1)
  }

  @Test("a host with another secret is not let in, and the first tells who did not come")
  func secrets() throws {
    let outcomes = try run(
      ("exit 0", "exit 0"), tokens: ("a secret of hosts", "a secret of thieves"),
      options: (["--start-timeout", "2"], []))
    #expect(outcomes.map(\.status) == [1, 1])
    #expect(outcomes[0].errors == "error: launch: localhost (node 1) did not come within 2 s\n")
    #expect(outcomes[1].errors.contains("does not accept the token: APUS_TOKEN must be the same"))
  }

  @Test("without a secret of their own hosts are refused")
  func noSecret() throws {
    let outcome = try Tool.run(
      "/usr/bin/env",
      [
        "-u", "APUS_TOKEN", Tool.path, "launch", "--nodes", "127.0.0.1,localhost", "--node", "0",
        "--", "true",
      ])
    #expect(outcome.status == 1)
    #expect(
      outcome.errors
        == "error: launch: --nodes needs APUS_TOKEN: the same secret on every host\n")
  }
}
