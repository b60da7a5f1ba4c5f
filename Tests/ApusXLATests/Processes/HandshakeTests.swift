import Foundation
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("Processes meet before they compute", .timeLimit(.minutes(3)))
struct HandshakeTests {
  static let token = "a secret of processes"

  private static func announcement(_ index: Int) -> ProcessAnnouncement {
    ProcessAnnouncement(
      host: "host\(index)", process: Int32(100 + index), apus: "1.0", plugin: "/opt/\(index).so",
      api: "0.115", stableHLO: "1.20.0")
  }

  @Test("different versions are named, with processes and files")
  func versions() {
    var all = (0..<3).map(Self.announcement)
    #expect(ProcessAnnouncement.disagreement(of: all) == nil)
    #expect(ProcessAnnouncement.disagreement(of: []) == nil)
    all[2].api = "0.116"
    #expect(
      ProcessAnnouncement.disagreement(of: all)
        == "the processes differ in PJRT API: 0 (host0, process 100) has 0.115 in /opt/0.so, "
        + "2 (host2, process 102) has 0.116 in /opt/2.so")
    all[1].apus = "1.1"
    #expect(
      ProcessAnnouncement.disagreement(of: all)
        == "the processes differ in Apus: 0 (host0, process 100) has 1.0 in /opt/0.so, "
        + "1 (host1, process 101) has 1.1 in /opt/1.so")
    all[1] = Self.announcement(1)
    (all[2].api, all[2].stableHLO) = ("0.115", "1.21.0")
    #expect(ProcessAnnouncement.disagreement(of: all)?.contains("StableHLO: 0") == true)
  }

  @Test("devices must be those of all processes together")
  func devices() throws {
    try ProcessExchange.check(["0,1", "2,3"], against: [0, 1, 2, 3])
    let error = #expect(throws: TensorError.self) {
      try ProcessExchange.check(["0,1", "0,1"], against: [0, 1])
    }
    #expect(
      error?.reason
        == "the processes do not see the same devices: 0 has 0,1; 1 has 0,1; known are 0,1")
    #expect(throws: TensorError.self) { try ProcessExchange.check(["0", ""], against: [0, 1]) }
  }

  @Test("who does not come is named")
  func missing() throws {
    let server = try StoreServer(token: Self.token)
    let group = ProcessGroup(
      index: 1, count: 4, coordinator: "\(server.address)", token: Self.token, patience: 1)
    let exchange = try ProcessExchange(group)
    try exchange.store.put(Array("apus/cuda/process/3".utf8), [])
    let error = #expect(throws: TensorError.self) {
      try exchange.agree(on: Self.announcement(1), platform: "cuda")
    }
    #expect(error?.reason == "2 of 4 processes came within 1 s; missing: 0, 2")
  }

  @Test("two processes with one number are told so")
  func twice() throws {
    let server = try StoreServer(token: Self.token)
    let group = ProcessGroup(
      index: 0, count: 1, coordinator: "\(server.address)", token: Self.token, patience: 5)
    let exchange = try ProcessExchange(group)
    try exchange.agree(on: Self.announcement(0), platform: "cuda")
    // Another platform is another meeting.
    try exchange.agree(on: Self.announcement(7), platform: "rocm")
    let error = #expect(throws: TensorError.self) {
      try exchange.agree(on: Self.announcement(1), platform: "cuda")
    }
    #expect(error?.reason == "two processes have number 0: APUS_NODE must be another for each")
  }

  @Test("what another version of Apus says is not guessed at")
  func otherVersion() throws {
    let server = try StoreServer(token: Self.token)
    let group = ProcessGroup(
      index: 0, count: 2, coordinator: "\(server.address)", token: Self.token, patience: 5)
    let exchange = try ProcessExchange(group)
    try exchange.store.put(Array("apus/cuda/process/1".utf8), Array("{\"name\": 1}".utf8))
    let error = #expect(throws: TensorError.self) {
      try exchange.agree(on: Self.announcement(0), platform: "cuda")
    }
    #expect(error?.reason == "process 1 is of another version of Apus")
  }

  @Test("what one process wants, all decide; alone there is no vote")
  func votes() throws {
    #expect(try ProcessVote(.alone, on: "x") == nil)
    let server = try StoreServer(token: Self.token)
    let outcomes = OutcomeList()
    let waiting = DispatchGroup()
    for index in 0..<3 {
      let group = ProcessGroup(
        index: index, count: 3, coordinator: "\(server.address)", token: Self.token, patience: 60)
      let vote = try #require(try ProcessVote(group, on: "ending"))
      waiting.enter()
      Thread.detachNewThread {
        defer { waiting.leave() }
        do {
          for round in 0..<20 {
            let isAgreed = try vote.isAnyFor(round == 10 && index == 2)
            if isAgreed != (round == 10) { outcomes.add("\(index) in \(round): \(isAgreed)") }
          }
        } catch { outcomes.add("\(index): \(error)") }
      }
    }
    waiting.wait()
    #expect(outcomes.texts == [])
  }

  @Test("a process that is about to run another program than the first is named")
  func programs() throws {
    let server = try StoreServer(token: Self.token)
    let outcomes = OutcomeList()
    let waiting = DispatchGroup()
    for index in 0..<3 {
      let group = ProcessGroup(
        index: index, count: 3, coordinator: "\(server.address)", token: Self.token, patience: 60)
      let agreement = ProgramAgreement(try ProcessExchange(group))
      waiting.enter()
      Thread.detachNewThread {
        defer { waiting.leave() }
        do throws(TensorError) {
          try agreement.check("module one", [1, 2])
          try agreement.check("module two", [1])
          try agreement.check("module three", index == 2 ? [2] : [1])
          outcomes.add("agreed")
        } catch { outcomes.add(error.reason) }
      }
    }
    waiting.wait()
    let reason =
      "program 3 of process 2 is not that of process 0: all processes must make the same calls with "
      + "shapes and settings that are the same"
    #expect(outcomes.texts == [reason, reason, reason])
  }

  /// What a process of the next tests does: it reads its place from the environment that
  /// `apus launch` would give it and meets the others.
  private static func meet(
    _ index: Int, of count: Int, at address: String, token: String = token, version: String = "1.0"
  ) throws -> [ProcessAnnouncement] {
    let sent = ProcessGroup(
      index: index, count: count, coordinator: address, token: token, patience: 60)
    let group = ProcessGroup { sent.environment[$0] }
    try #require(group == sent)
    var own = announcement(index)
    (own.apus, own.process) = (version, getpid())
    return try ProcessExchange(group).agree(on: own, platform: "cuda")
  }

  @Test("three processes find each other over loopback, and two computing differently part")
  func processes() async throws {
    let server = try StoreServer(token: Self.token)
    let address = "\(server.address)"
    async let first: Void = {
      await #expect(processExitsWith: .success) { [address = address as String] in
        let all = try HandshakeTests.meet(0, of: 3, at: address)
        try #require(all.map(\.host) == ["host0", "host1", "host2"])
        try #require(Set(all.map(\.process)).count == 3 && all[0].process == getpid())
      }
    }()
    async let second: Void = {
      await #expect(processExitsWith: .success) { [address = address as String] in
        let all = try HandshakeTests.meet(1, of: 3, at: address)
        try #require(Set(all.map(\.process)).count == 3 && all[1].process == getpid())
      }
    }()
    async let third: Void = {
      await #expect(processExitsWith: .success) { [address = address as String] in
        let all = try HandshakeTests.meet(2, of: 3, at: address)
        try #require(Set(all.map(\.process)).count == 3 && all[2].process == getpid())
      }
    }()
    _ = await (first, second, third)
  }

  @Test("processes of different versions both end with the reason")
  func disagreeing() async throws {
    let server = try StoreServer(token: Self.token)
    let address = "\(server.address)"
    async let first: Void = {
      await #expect(processExitsWith: .success) { [address = address as String] in
        let error = #expect(throws: TensorError.self) {
          try HandshakeTests.meet(0, of: 2, at: address)
        }
        try #require(error?.reason.contains("differ in Apus: 0 (host0, ") == true)
      }
    }()
    async let second: Void = {
      await #expect(processExitsWith: .success) { [address = address as String] in
        let error = #expect(throws: TensorError.self) {
          try HandshakeTests.meet(1, of: 2, at: address, version: "1.1")
        }
        try #require(error?.reason.contains("has 1.0 in /opt/0.so, 1 (host1, ") == true)
      }
    }()
    _ = await (first, second)
  }
}
