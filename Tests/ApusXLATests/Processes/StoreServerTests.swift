import Foundation
import Testing

@testable import ApusXLA

@Suite("A store over loopback connections", .timeLimit(.minutes(2)))
struct StoreServerTests {
  static let token = "a secret of tests"

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func client(_ server: StoreServer, token: String = token) throws -> StoreClient {
    try StoreClient(server.address, token: token, connectingFor: 2000)
  }

  private func refusal(_ body: () throws -> Void) -> StoreError? {
    #expect(throws: StoreError.self, performing: body)
  }

  @Test("keys and values of any bytes come back; a megabyte too, and nothing")
  func values() throws {
    let server = try StoreServer(token: Self.token)
    let (one, other) = (try client(server), try client(server))
    var long = [UInt8](repeating: 0, count: 20 << 20)
    for place in long.indices { long[place] = UInt8(truncatingIfNeeded: place &* 31 ^ place >> 8) }
    let cases: [([UInt8], [UInt8])] = [
      ([], [1]), ([0, 10, 255], []), (bytes("long"), long), (bytes("k"), bytes("größer")),
    ]
    for (key, value) in cases {
      try one.put(key, value)
      #expect(try other.get(key, milliseconds: 1000) == value)
    }
    try other.put(bytes("k"), [1])
    #expect(try one.get(bytes("k"), milliseconds: 0) == [1])
  }

  @Test("a wait ends with the value as soon as it comes")
  func waiting() throws {
    let server = try StoreServer(token: Self.token)
    let (one, other) = (try client(server), try client(server))
    let thread = Thread { [key = bytes("later")] in
      usleep(150_000)
      try? other.put(key, [42])
    }
    let start = SteadyClock.milliseconds()
    thread.start()
    #expect(try one.get(bytes("later"), milliseconds: 60_000) == [42])
    let took = SteadyClock.milliseconds() - start
    #expect(took >= 100 && took < 30_000)
  }

  @Test("a wait ends in time where no value comes; a look at once")
  func timeouts() throws {
    let server = try StoreServer(token: Self.token)
    let client = try client(server)
    let start = SteadyClock.milliseconds()
    let late = refusal { _ = try client.get(bytes("none"), milliseconds: 200) }
    #expect(late == StoreError(.deadlineExceeded, "no value for 'none' within 200 ms"))
    #expect(SteadyClock.milliseconds() - start >= 190)
    let absent = refusal { _ = try client.get(bytes("none"), milliseconds: 0) }
    #expect(absent?.code == .notFound)
    #expect(refusal { _ = try client.get(bytes("none"), milliseconds: -5) }?.code == .notFound)
    // The connection goes on after a refusal.
    try client.put(bytes("none"), [1])
    #expect(try client.get(bytes("none"), milliseconds: 0) == [1])
  }

  @Test("sixty threads of eight clients ask at once")
  func parallel() throws {
    let server = try StoreServer(token: Self.token)
    let clients = try (0..<8).map { _ in try client(server) }
    let outcomes = OutcomeList()
    let group = DispatchGroup()
    for number in 0..<60 {
      let client = clients[number % clients.count]
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        do throws(StoreError) {
          for round in 0..<20 {
            let own = Array("\(round)/\(number)".utf8)
            try client.put(own, own + own)
            // That of the next thread, which may not have come so far.
            let next = Array("\(round)/\((number + 1) % 60)".utf8)
            let value = try client.get(next, milliseconds: 60_000)
            if value != next + next { outcomes.add("\(number) read \(value) in round \(round)") }
          }
        } catch { outcomes.add("\(number): \(error)") }
      }
    }
    group.wait()
    #expect(outcomes.texts == [])
  }

  @Test("all come out of a meeting together, a hundred times; who is missing is named")
  func meetings() throws {
    let server = try StoreServer(token: Self.token)
    let outcomes = OutcomeList()
    let group = DispatchGroup()
    for member in 0..<4 {
      let client = try client(server)
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        do throws(StoreError) {
          for round in 0..<100 {
            let flag = try client.meet(
              "round", member: member, of: 4, flag: round % 4 == member && round % 8 < 4,
              milliseconds: 60_000)
            if flag != (round % 8 < 4) { outcomes.add("\(member) got \(flag) in \(round)") }
          }
        } catch { outcomes.add("\(member): \(error)") }
      }
    }
    group.wait()
    #expect(outcomes.texts == [])
    let alone = try client(server)
    let error = refusal { try alone.meet("start", member: 1, of: 3, milliseconds: 100) }
    #expect(
      error
        == StoreError(
          .deadlineExceeded, "1 of 3 came to meeting 'start' in time; missing: 0, 2"))
  }

  @Test("another token is refused, by name; the store serves on")
  func token() throws {
    let server = try StoreServer(token: Self.token)
    for token in ["a secret of thieves", "", Self.token + "s"] {
      let error = refusal { _ = try client(server, token: token) }
      #expect(
        error
          == StoreError(
            .unauthenticated,
            "the store at \(server.address) does not accept the token: APUS_TOKEN must be the same "
              + "everywhere"))
    }
    #expect(refusal { _ = try StoreServer(token: "short") }?.code == .invalid)
    try client(server).put([1], [2])
  }

  @Test("a store that is not there, or not yet")
  func absent() throws {
    let address: StoreAddress
    do {
      let server = try StoreServer(token: Self.token)
      address = server.address
      server.stop()
    }
    let error = refusal {
      _ = try StoreClient(address, token: Self.token, connectingFor: 150)
    }
    #expect(error?.code == .unavailable)
    #expect(
      error?.reason.hasPrefix("no store answers at \(address) (Connection refused), tried for ")
        == true, "\(error?.reason ?? "")")
    let holder = ServerHolder()
    let thread = Thread {
      usleep(200_000)
      holder.server = try? StoreServer(port: address.port, token: Self.token)
    }
    thread.start()
    let client = try StoreClient(address, token: Self.token, connectingFor: 30_000)
    try client.put([1], [2])
    holder.server?.stop()
  }

  @Test("a store that ends wakes all that wait, with an error")
  func lost() throws {
    let server = try StoreServer(token: Self.token)
    let client = try client(server)
    let outcomes = OutcomeList()
    let group = DispatchGroup()
    for number in 0..<5 {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        do throws(StoreError) {
          _ = try client.get([UInt8(number)], milliseconds: 60_000)
        } catch { outcomes.add("\(error.code): \(error.reason)") }
      }
    }
    usleep(200_000)
    server.stop()
    server.stop()
    group.wait()
    #expect(outcomes.texts.count == 5)
    for text in outcomes.texts {
      #expect(
        text.hasPrefix("unavailable: the connection to the store at \(server.address) was lost (")
          || text.hasPrefix("unavailable: no store answers at \(server.address)"), "\(text)")
    }
    let start = SteadyClock.milliseconds()
    #expect(refusal { try client.put([1], [1]) }?.code == .unavailable)
    #expect(SteadyClock.milliseconds() - start < 20_000)
  }

  @Test("a value beyond the limits of the store is refused on either side")
  func limits() throws {
    var limits = StoreLimits()
    (limits.valueBytes, limits.keyBytes) = (1000, 100)
    let server = try StoreServer(token: Self.token, limits: limits)
    let strict = try StoreClient(server.address, token: Self.token, limits: limits)
    let long = [UInt8](repeating: 7, count: 1001)
    let here = refusal { try strict.put([1], long) }
    #expect(
      here
        == StoreError(
          .invalid, "'01' has 1 bytes and a value of 1001: the limits are 100 and 1000"))
    try strict.put([1], Array(long.dropLast()))
    // A client that allows more is told by the store.
    let there = refusal { try client(server).put([1], long) }
    #expect(there == StoreError(.invalid, "a value of 1001 bytes for '01': the limit is 1000"))
    #expect(try strict.get([1], milliseconds: 0).count == 1000)
  }

  @Test("a will is done when its owner lets go, and not when it was taken back")
  func wills() throws {
    let server = try StoreServer(token: Self.token)
    let client = try client(server)
    var will: StoreWill? = try client.leave([1], under: bytes("kept"))
    try will?.takeBack()
    will = nil
    will = try client.leave([2], under: bytes("done"))
    #expect(refusal { _ = try client.get(bytes("done"), milliseconds: 100) } != nil)
    _ = will
    will = nil
    #expect(try client.get(bytes("done"), milliseconds: 20_000) == [2])
    #expect(refusal { _ = try client.get(bytes("kept"), milliseconds: 0) }?.code == .notFound)
  }
}

/// What threads have to say.
final class OutcomeList: @unchecked Sendable {
  /// Unchecked: `lock` guards the texts.
  private let lock = NSLock()
  private var list: [String] = []

  var texts: [String] { lock.withLock { list } }
  func add(_ text: String) { lock.withLock { list.append(text) } }
}

/// A server that another thread makes.
final class ServerHolder: @unchecked Sendable {
  /// Unchecked: `lock` guards the server.
  private let lock = NSLock()
  private var made: StoreServer?

  var server: StoreServer? {
    get { lock.withLock { made } }
    set { lock.withLock { made = newValue } }
  }
}
