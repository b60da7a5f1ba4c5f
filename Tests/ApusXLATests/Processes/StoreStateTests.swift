import Testing

@testable import ApusXLA

@Suite("The state of a store, without sockets and clocks")
struct StoreStateTests {
  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func answers(
    _ state: inout StoreState, _ request: StoreRequest, _ connection: Int = 0, at now: Int64 = 0
  ) -> [Int: StoreReply] {
    Dictionary(
      uniqueKeysWithValues: state.take(request, from: connection, at: now).map { ($0, $1) })
  }

  @Test("a value wakes those that wait for it, and no others")
  func waking() {
    var state = StoreState(StoreLimits())
    let (a, b) = (Self.bytes("a"), Self.bytes("b"))
    #expect(answers(&state, .get(key: a, milliseconds: 100), 1).isEmpty)
    #expect(answers(&state, .get(key: a, milliseconds: 50), 2).isEmpty)
    #expect(answers(&state, .get(key: b, milliseconds: 70), 3).isEmpty)
    #expect(state.nextDeadline == 50)
    #expect(state.isWaiting(2) && !state.isWaiting(4))
    let put = answers(&state, .put(key: a, value: [0, 255, 10]), 4)
    #expect(put == [4: .done, 1: .value([0, 255, 10]), 2: .value([0, 255, 10])])
    #expect(state.nextDeadline == 70)
    #expect(state.expire(at: 69).isEmpty)
    let late = state.expire(at: 70)
    #expect(late.map(\.connection) == [3])
    #expect(
      late.map(\.reply)
        == [.refused(StoreError(.deadlineExceeded, "no value for 'b' within 70 ms"))])
    #expect(state.nextDeadline == nil)
  }

  @Test("a look without waiting tells at once that there is nothing")
  func looking() {
    var state = StoreState(StoreLimits())
    #expect(
      answers(&state, .get(key: [1, 2], milliseconds: 0))
        == [0: .refused(StoreError(.notFound, "no value for '0102'"))])
    #expect(!state.isWaiting(0))
  }

  @Test("a value that is to be new may come twice, but not another")
  func creating() {
    var state = StoreState(StoreLimits())
    let key = Self.bytes("k")
    #expect(answers(&state, .create(key: key, value: [1])) == [0: .done])
    #expect(answers(&state, .create(key: key, value: [1])) == [0: .done])
    #expect(
      answers(&state, .create(key: key, value: [2]))
        == [0: .refused(StoreError(.alreadyExists, "there is another value for 'k'"))])
    #expect(answers(&state, .put(key: key, value: [2])) == [0: .done])
    #expect(answers(&state, .get(key: key, milliseconds: 0)) == [0: .value([2])])
  }

  @Test("limits are exact, and a value that is replaced frees its place")
  func limits() {
    var limits = StoreLimits()
    (limits.keyBytes, limits.valueBytes, limits.totalBytes) = (2, 5, 9)
    var state = StoreState(limits)
    #expect(
      answers(&state, .put(key: [1, 2, 3], value: []))
        == [0: .refused(StoreError(.invalid, "a key of 3 bytes: the limit is 2"))])
    #expect(
      answers(&state, .put(key: [1], value: [0, 0, 0, 0, 0, 0]))
        == [0: .refused(StoreError(.invalid, "a value of 6 bytes for '01': the limit is 5"))])
    #expect(answers(&state, .put(key: [1], value: [0, 0, 0, 0, 0])) == [0: .done])
    #expect(
      answers(&state, .put(key: [2], value: [0, 0, 0]))
        == [
          0: .refused(
            StoreError(.exhausted, "the store is full: 10 bytes with '02', the limit is 9"))
        ])
    #expect(answers(&state, .put(key: [1], value: [0, 0])) == [0: .done])
    #expect(answers(&state, .put(key: [2], value: [0, 0, 0])) == [0: .done])
  }

  @Test("a meeting opens when all have come, tells of flags, and can be held again")
  func meetings() {
    var state = StoreState(StoreLimits())
    func meet(_ member: Int, flag: Bool = false, at now: Int64 = 0) -> StoreRequest {
      .meet(name: Self.bytes("m"), member: member, count: 3, flag: flag, milliseconds: 100)
    }
    for round in 0..<2 {
      #expect(answers(&state, meet(2), 12).isEmpty)
      #expect(answers(&state, meet(0, flag: round == 1), 10).isEmpty)
      #expect(state.isWaiting(10))
      let open = answers(&state, meet(1), 11)
      let expected = StoreReply.met(flag: round == 1)
      #expect(open == [10: expected, 11: expected, 12: expected])
    }
    #expect(state.nextDeadline == nil)
  }

  @Test("those who wait too long are told who is missing; who leaves has not come")
  func missing() {
    var state = StoreState(StoreLimits())
    let name = Self.bytes("m")
    func meet(_ member: Int, of count: Int = 4) -> StoreRequest {
      .meet(name: name, member: member, count: count, flag: false, milliseconds: 100)
    }
    #expect(answers(&state, meet(1), 11, at: 0).isEmpty)
    #expect(answers(&state, meet(3), 13, at: 50).isEmpty)
    #expect(
      answers(&state, meet(1), 15)
        == [15: .refused(StoreError(.alreadyExists, "member 1 has come to meeting 'm' twice"))])
    #expect(
      answers(&state, meet(0, of: 3), 16)
        == [16: .refused(StoreError(.invalid, "member 0 of 3 comes to meeting 'm' of 4"))])
    #expect(
      answers(&state, meet(4), 16)
        == [16: .refused(StoreError(.invalid, "member 4 of 4 comes to meeting 'm' of 4"))])
    #expect(state.leave(13).isEmpty)
    let late = state.expire(at: 100)
    #expect(late.map(\.connection) == [11])
    #expect(
      late.map(\.reply) == [
        .refused(
          StoreError(
            .deadlineExceeded, "1 of 4 came to meeting 'm' in time; missing: 0, 2, 3"))
      ])
  }

  @Test("a will is done when its connection ends, unless it was taken back")
  func wills() {
    var state = StoreState(StoreLimits())
    let key = Self.bytes("gone")
    #expect(answers(&state, .will(key: key, value: [7]), 1) == [1: .done])
    #expect(answers(&state, .will(key: key, value: [8]), 2) == [2: .done])
    #expect(answers(&state, .get(key: key, milliseconds: 100), 3).isEmpty)
    #expect(answers(&state, .takeBackWill, 1) == [1: .done])
    #expect(state.leave(1).isEmpty)
    let done = state.leave(2)
    #expect(done.map(\.connection) == [3])
    #expect(done.map(\.reply) == [.value([8])])
  }
}
