import Foundation
import Testing

@testable import ApusXLA

/// A connection that says what it likes.
private struct RawClient {
  let descriptor: Descriptor

  init(_ server: StoreServer) throws {
    descriptor = try server.address.connected(until: SteadyClock.milliseconds() + 5000)
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch descriptor.send(rest) {
      case .moved(let count): rest = rest.dropFirst(count)
      case .wouldBlock:
        _ = descriptor.wait(for: Int32(POLLOUT), until: SteadyClock.milliseconds() + 5000)
      case .ended: return
      }
    }
  }

  /// What comes until the store ends the connection; `nil` when it does not.
  func rest(within milliseconds: Int64 = 20_000) -> [UInt8]? {
    let deadline = SteadyClock.milliseconds() + milliseconds
    var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while true {
      switch descriptor.receive(&buffer) {
      case .moved(let count): all += buffer[..<count]
      case .ended: return all
      case .wouldBlock:
        guard descriptor.wait(for: Int32(POLLIN), until: deadline) else { return nil }
      }
    }
  }

  /// The answers until the store ends the connection.
  func replies() throws -> [StoreReply] {
    var bytes = try #require(rest())[...]
    var replies: [StoreReply] = []
    while let length = StoreFrame.length(bytes) {
      let body = bytes.dropFirst(StoreFrame.headerBytes).prefix(length)
      replies.append(try StoreReply(Array(body)))
      bytes = bytes.dropFirst(StoreFrame.headerBytes + length)
    }
    return replies
  }
}

@Suite("A store and what does not belong to it", .timeLimit(.minutes(2)))
struct StoreForeignersTests {
  private static let hello = StoreFrame.framed(
    StoreRequest.hello(token: Array(StoreServerTests.token.utf8)).bytes)

  @Test("without the token nothing is done, whatever is asked")
  func unknown() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let requests = StoreMessagesTests.requests.map(\.bytes)
    for request in requests {
      let raw = try RawClient(server)
      raw.send(StoreFrame.framed(request))
      #expect(
        try raw.replies() == [
          .refused(StoreError(.unauthenticated, "the store does not accept the token"))
        ])
    }
    let client = try StoreClient(server.address, token: StoreServerTests.token)
    #expect(throws: StoreError.self) { try client.get([1], milliseconds: 0) }
  }

  @Test("a browser, and messages longer than they may be, are sent away before they are read")
  func long() throws {
    var limits = StoreLimits()
    (limits.valueBytes, limits.keyBytes) = (1000, 100)
    let server = try StoreServer(token: StoreServerTests.token, limits: limits)
    let browser = try RawClient(server)
    browser.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    let length = 0x4745_5420
    #expect(
      try browser.replies() == [
        .refused(StoreError(.invalid, "a message of \(length) bytes: the limit is 1024"))
      ])
    let known = try RawClient(server)
    known.send(Self.hello + [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(
      try known.replies() == [
        .done,
        .refused(StoreError(.invalid, "a message of 4294967295 bytes: the limit is 1164")),
      ])
  }

  @Test("messages that make no sense end their connection alone")
  func malformed() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let client = try StoreClient(server.address, token: StoreServerTests.token)
    try client.put([5], [6])
    let bodies: [[UInt8]] = [
      [], [77], [1, 0, 0, 0, 9, 1], [3], StoreRequest.takeBackWill.bytes + [0],
    ]
    for body in bodies {
      let raw = try RawClient(server)
      raw.send(Self.hello + StoreFrame.framed(body))
      let replies = try raw.replies()
      #expect(replies.count == 2)
      guard case .refused(let error) = replies.last else {
        Issue.record("\(body) was answered by \(replies)")
        continue
      }
      #expect(error.code == .invalid)
    }
    #expect(try client.get([5], milliseconds: 0) == [6])
  }

  @Test("a message that comes in single bytes is understood")
  func slow() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let raw = try RawClient(server)
    let put = StoreFrame.framed(StoreRequest.put(key: [1], value: [2, 3]).bytes)
    for byte in Self.hello + put { raw.send([byte]) }
    raw.send(StoreFrame.framed([77]))
    #expect(try raw.replies().prefix(2) == [.done, .done])
    let client = try StoreClient(server.address, token: StoreServerTests.token)
    #expect(try client.get([1], milliseconds: 0) == [2, 3])
  }

  @Test("asking again before the answer is refused")
  func impatient() throws {
    let server = try StoreServer(token: StoreServerTests.token)
    let raw = try RawClient(server)
    let get = StoreFrame.framed(StoreRequest.get(key: [1], milliseconds: 60_000).bytes)
    raw.send(Self.hello + get + get)
    #expect(
      try raw.replies() == [
        .done, .refused(StoreError(.invalid, "a message before the last one was answered")),
      ])
  }

  @Test("who says nothing is sent away; more than the limit wait until there is a place")
  func silent() throws {
    var limits = StoreLimits()
    (limits.greetingMilliseconds, limits.connections) = (300, 2)
    let server = try StoreServer(token: StoreServerTests.token, limits: limits)
    let silent = [try RawClient(server), try RawClient(server)]
    let start = SteadyClock.milliseconds()
    let client = try StoreClient(server.address, token: StoreServerTests.token)
    try client.put([1], [1])
    #expect(SteadyClock.milliseconds() - start >= 200)
    for raw in silent { #expect(raw.rest() == []) }
  }
}
