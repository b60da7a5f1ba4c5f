import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("logits filters") struct LogitsFilterTests {
  private let nothing = -Double.infinity

  private func filtered(
    _ filter: LogitsFilter, _ rows: [[Double]], history: [[Int32]]? = nil, counts: [Int32]? = nil
  ) throws -> [Double] {
    let logits = Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    let progress = DecodingProgress(
      history: history.map { Tensor($0.flatMap { $0 }, shape: [$0.count, $0[0].count]) },
      newTokenCount: counts.map { Tensor($0) })
    return try TestExecutor.cpu.run {
      try filter(logits, progress: progress).scalars(as: Double.self)
    }
  }

  @Test("temperature divides the distance to the largest; 0 keeps the first of the largest")
  func temperature() throws {
    expectClose(try filtered(.temperature(0.5), [[1, 3, 2]]), [-4, 0, -2])
    expectClose(try filtered(.temperature(2), [[1, 3, 2]]), [-1, 0, -0.5])
    #expect(try filtered(.temperature(0), [[1, 3, 3]]) == [nothing, 3, nothing])
    #expect(try filtered(.temperature(1e-200), [[1, 3, 3]]) == [nothing, 3, nothing])
    #expect(try filtered(.temperature(1e300), [[1, nothing, 3]])[1] == nothing)
  }

  @Test("top-k keeps exactly k, of equal ones the first")
  func topK() throws {
    #expect(try filtered(.topK(2), [[1, 4, 2, 3]]) == [nothing, 4, nothing, 3])
    #expect(
      try filtered(.topK(2), [[2, 2, 2, 2], [0, 2, 3, 2]])
        == [2, 2, nothing, nothing, nothing, 2, 3, nothing])
    #expect(try filtered(.topK(9), [[1, 4, 2]]) == [1, 4, 2])
  }

  @Test("top-p keeps the smallest set that reaches p, of equal ones the first")
  func topP() throws {
    let row = [0.125, 0.5, 0.25, 0.125].map { log($0) }
    func kept(_ p: Double) throws -> [Bool] { try filtered(.topP(p), [row]).map { $0 > nothing } }
    #expect(try kept(0.1) == [false, true, false, false])
    #expect(try kept(0.49) == [false, true, false, false])
    #expect(try kept(0.51) == [false, true, true, false])
    #expect(try kept(0.8) == [true, true, true, false])
    #expect(try kept(0.99) == [true, true, true, true])
    #expect(try kept(1) == [true, true, true, true])
  }

  @Test("top-p agrees with a plain count on random logits")
  func topPRandom() throws {
    var random = SplitMix(state: 5)
    for _ in 0..<20 {
      let rows = (0..<3).map { _ in
        (0..<17).map { _ in Double.random(in: -4..<4, using: &random) }
      }
      let p = Double.random(in: 0.05..<0.99, using: &random)
      let expected = rows.flatMap { row in
        let total = row.reduce(0) { $0 + exp($1) }
        let order = row.indices.sorted { row[$0] > row[$1] }
        var sum = 0.0
        var kept: Set<Int> = []
        for index in order where sum < p {
          kept.insert(index)
          sum += exp(row[index]) / total
        }
        return row.indices.map { kept.contains($0) ? row[$0] : nothing }
      }
      #expect(try filtered(.topP(p), rows) == expected)
    }
  }

  @Test("min-p keeps what is likely enough beside the likeliest")
  func minP() throws {
    let row = [0.6, 0.3, 0.07, 0.03].map { log($0) }
    #expect(
      try filtered(.minP(0.1), [row]).map { $0 > nothing } == [true, true, true, false])
    #expect(try filtered(.minP(0), [row]) == row)
  }

  @Test("a penalty makes tokens of the history less likely, whatever the sign of their logits")
  func repetition() throws {
    #expect(
      try filtered(
        .repetitionPenalty(2), [[4, -4, 1, -1], [4, -4, 1, -1]],
        history: [[-1, 0, 1, 0], [-1, -1, -1, 3]])
        == [2, -8, 1, -1, 4, -4, 1, -2])
  }

  @Test("runs of the history are not repeated")
  func runs() throws {
    let zeros = [[Double]](repeating: [0, 0, 0, 0], count: 3)
    let history: [[Int32]] = [[0, 1, 2, 0, 1], [-1, -1, 3, 1, 3], [-1, -1, -1, -1, 2]]
    func banned(_ n: Int) throws -> [[Int]] {
      let values = try filtered(.noRepeatedRuns(of: n), zeros, history: history)
      return (0..<3).map { row in (0..<4).filter { values[row * 4 + $0] == nothing } }
    }
    #expect(try banned(1) == [[0, 1, 2], [1, 3], [2]])
    #expect(try banned(2) == [[2], [1], []])
    #expect(try banned(3) == [[2], [], []])
    #expect(try banned(4) == [[], [], []])
    #expect(try banned(100) == [[], [], []])
  }

  @Test("end tokens wait for the least length; excluded tokens never come")
  func excluded() throws {
    #expect(
      try filtered(.minNewTokens(2, endTokens: [1]), [[1, 2], [3, 4]], counts: [1, 2])
        == [1, nothing, 3, 4])
    #expect(try filtered(.excluding([0, 2]), [[1, 2, 3]]) == [nothing, 2, nothing])
  }
}
