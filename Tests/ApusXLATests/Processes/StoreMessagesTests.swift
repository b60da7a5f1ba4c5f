import Testing

@testable import ApusXLA

@Suite("Messages of the store") struct StoreMessagesTests {
  static let requests: [StoreRequest] = [
    .hello(token: Array("secret".utf8)), .put(key: [], value: []),
    .put(key: [0, 255], value: [1, 0, 10, 13]), .create(key: [1], value: [2]),
    .get(key: [9], milliseconds: 86_400_000), .takeBackWill, .will(key: [3], value: [4, 5]),
    .meet(name: [6], member: 70_000, count: 4_000_000_000, flag: true, milliseconds: 5),
  ]
  static let replies: [StoreReply] = [
    .done, .value([]), .value([0, 1, 2]), .met(flag: true), .met(flag: false),
    .refused(StoreError(.exhausted, "voll: 1 µs")),
  ]

  @Test("every request is read as it was written", arguments: requests)
  func requestsComeBack(_ request: StoreRequest) throws {
    #expect(try StoreRequest(request.bytes) == request)
  }

  @Test("every answer is read as it was written", arguments: replies)
  func repliesComeBack(_ reply: StoreReply) throws {
    #expect(try StoreReply(reply.bytes) == reply)
  }

  @Test("what is cut off or too long is refused at every length", arguments: requests)
  func damaged(_ request: StoreRequest) {
    let bytes = request.bytes
    for count in 0..<bytes.count {
      #expect(throws: StoreError.self) { try StoreRequest(Array(bytes.prefix(count))) }
    }
    let error = #expect(throws: StoreError.self) { try StoreRequest(bytes + [0]) }
    #expect(error == StoreError(.invalid, "a message has 1 bytes too many"))
  }

  @Test("other programs and versions are refused by name")
  func foreign() {
    func message(_ bytes: [UInt8]) -> String? {
      #expect(throws: StoreError.self) { try StoreRequest(bytes) }?.reason
    }
    #expect(message([99]) == "a message of unknown kind 99")
    #expect(message([]) == "a message of 0 bytes is too short: 1 more at 0")
    #expect(message([1, 255, 255, 255, 255]) != nil)
    var other = StoreRequest.hello(token: [1]).bytes
    other[6] ^= 1
    #expect(message(other) == "this is no client of an Apus store")
    var newer = StoreRequest.hello(token: [1]).bytes
    newer[1 + 4 + StoreFrame.mark.count] = 2
    #expect(message(newer) == "the client speaks version 2, the store 1")
  }

  @Test("addresses are host and port; numbers of IPv6 stand in brackets")
  func addresses() throws {
    #expect(try StoreAddress("host0:7171") == StoreAddress(host: "host0", port: 7171))
    #expect(try StoreAddress("[::1]:80") == StoreAddress(host: "::1", port: 80))
    #expect(StoreAddress(host: "::1", port: 80).description == "[::1]:80")
    for text in ["", "host", ":1", "host:", "host:x", "host:65536", "host:-1"] {
      let error = #expect(throws: StoreError.self) { try StoreAddress(text) }
      #expect(error?.reason == "'\(text)' is no address: write host:port")
    }
  }
}
