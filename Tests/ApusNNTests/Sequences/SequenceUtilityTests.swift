import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("masks and padding") struct SequenceUtilityTests {
  private func bools(_ x: Tensor) throws -> [Int] {
    try TestExecutor.cpu.run { try x.converted(to: .int32).scalars(as: Int32.self).map { Int($0) } }
  }

  @Test("a padding mask marks the steps within the lengths")
  func padding() throws {
    #expect(
      try bools(paddingMask(lengths: [0, 2, 3])) == [0, 0, 0, 1, 1, 0, 1, 1, 1])
    let lengths = Tensor([-5, 1, 9] as [Int32])
    #expect(try bools(paddingMask(lengths: lengths, steps: 2)) == [0, 0, 1, 0, 1, 1])
    #expect(paddingMask(lengths: []).shape == [0, 0])
  }

  @Test("a causal mask hides the future, and lets the newest query see all keys")
  func causal() throws {
    #expect(try bools(causalMask(3)) == [1, 0, 0, 1, 1, 0, 1, 1, 1])
    #expect(try bools(causalMask(2, keys: 4)) == [1, 1, 1, 0, 1, 1, 1, 1])
    #expect(try bools(causalMask(3, keys: 1)) == [0, 0, 1])
  }

  @Test("sequences are filled up behind their ends, or cut")
  func padded() throws {
    let table = paddedSequences([[1, 2, 3], [], [4]], padding: 9)
    try TestExecutor.cpu.run {
      let tokens = try table.tokens.scalars(as: Int32.self)
      #expect(tokens == [1, 2, 3, 9, 9, 9, 4, 9, 9])
      let lengths = try table.lengths.scalars(as: Int32.self)
      #expect(lengths == [3, 0, 1])
      let cut = paddedSequences([[1, 2, 3], [4]], steps: 2)
      let cutTokens = try cut.tokens.scalars(as: Int32.self)
      #expect(cutTokens == [1, 2, 4, 0])
      let cutLengths = try cut.lengths.scalars(as: Int32.self)
      #expect(cutLengths == [2, 1])
    }
    #expect(try bools(table.mask) == [1, 1, 1, 0, 0, 0, 1, 0, 0])
  }

  @Test("a masked mean counts what the mask lets through, and none as 0; its gradient too")
  func maskedMean() throws {
    try TestExecutor.cpu.run {
      let x = Tensor([1, 2, 30, 4, 5, 6, 7, 8, 9] as [Double], shape: [3, 3])
      let mask = paddingMask(lengths: [2, 3, 0])
      try expectClose(x.maskedMean(mask), [18.0 / 5])
      try expectClose(x.maskedMean(mask, axes: [1]), [1.5, 5, 0])
      let deep = stacked([x, x * 2], axis: 2)
      try expectClose(deep.maskedMean(mask, axes: [1]), [1.5, 3, 5, 10, 0, 0])
      try checkGradient(of: [[3, 3, 2]], seed: 1) { $0[0].maskedMean(mask, axes: [1]) }
    }
  }

  @Test("sequences are reversed within their lengths, twice gives them back")
  func reversed() throws {
    try TestExecutor.cpu.run {
      let x = Tensor((0..<24).map { Double($0) }, shape: [3, 4, 2])
      let lengths = Tensor([3, 4, 0] as [Int64])
      let y = x.reversedSequences(lengths: lengths)
      let expected: [Double] = [
        4, 5, 2, 3, 0, 1, 6, 7, 14, 15, 12, 13, 10, 11, 8, 9, 16, 17, 18, 19, 20, 21, 22, 23,
      ]
      try expectClose(y, expected, shape: [3, 4, 2])
      try expectClose(y.reversedSequences(lengths: lengths), (0..<24).map { Double($0) })
      try checkGradient(of: [[3, 4, 2]], seed: 2) { $0[0].reversedSequences(lengths: lengths) }
      let tokens = Tensor([1, 2, 3, 4] as [Int32], shape: [1, 4])
      let short = try tokens.reversedSequences(lengths: Tensor([3] as [Int32]))
        .scalars(as: Int32.self)
      #expect(short == [3, 2, 1, 4])
    }
  }

  @Test("what a decoder is given is the target behind a first token")
  func shifted() throws {
    try TestExecutor.cpu.run {
      let y = try Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3]).shiftedRight(first: 9)
        .scalars(as: Int32.self)
      #expect(y == [9, 1, 2, 9, 4, 5])
    }
  }

  @Test("perplexity is the vocabulary's size for guesses, and the formula for the rest")
  func perplexities() throws {
    try TestExecutor.cpu.run {
      let targets = Tensor([0, 1, 2, 0] as [Int32], shape: [2, 2])
      try expectClose(
        perplexity(Tensor.zeros([2, 2, 5], dtype: .float64), targets: targets), [5])
      let logits = Tensor((0..<12).map { sin(Double($0)) }, shape: [2, 2, 3])
      func loss(_ row: Int, _ target: Int) -> Double {
        let z = (0..<3).map { sin(Double(row * 3 + $0)) }
        return log(z.reduce(0) { $0 + exp($1) }) - z[target]
      }
      let all = [loss(0, 0), loss(1, 1), loss(2, 2), loss(3, 0)]
      try expectClose(perplexity(logits, targets: targets), [exp(all.reduce(0, +) / 4)])
      let mask = paddingMask(lengths: [1, 2])
      try expectClose(
        perplexity(logits, targets: targets, mask: mask), [exp((all[0] + all[2] + all[3]) / 3)])
    }
  }

  @Test("bad input: no call ends the process")
  func badInput() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for size in BadInput.sizes {
        bad.call("paddingMask steps \(size)") { _ in
          [paddingMask(lengths: [size], steps: size), paddingMask(lengths: [1], steps: size)]
        }
        bad.call("causalMask \(size)") { _ in [causalMask(size)] }
        bad.call("causalMask keys \(size)") { _ in [causalMask(2, keys: size)] }
        bad.call("paddedSequences \(size)") { _ in
          [
            paddedSequences([[1, size], []]).tokens,
            paddedSequences([[1], []], padding: size).tokens,
            paddedSequences([[], []], steps: size < 1 << 40 ? size : 1 << 62).tokens,
          ]
        }
        for x in BadInput.operands {
          bad.call("shiftedRight \(size)", [x]) { [$0[0].shiftedRight(first: size)] }
        }
      }
      for x in BadInput.operands {
        bad.call("paddingMask", [x]) { [paddingMask(lengths: $0[0], steps: 3)] }
        for y in BadInput.operands {
          bad.call("maskedMean", [x, y]) { [$0[0].maskedMean($0[1])] }
          bad.call("maskedMean axes", [x, y]) {
            [$0[0].maskedMean($0[1], axes: [.min]), $0[0].maskedMean($0[1], axes: [0, 0])]
          }
          bad.call("reversedSequences", [x, y]) { [$0[0].reversedSequences(lengths: $0[1])] }
          bad.call("perplexity", [x, y]) { [perplexity($0[0], targets: $0[1])] }
          bad.call("perplexity mask", [x, y]) {
            [perplexity($0[0], targets: $0[1], mask: $0[1])]
          }
        }
      }
      #expect(bad.refusals > 1000)
      print("bad input: sequence utilities: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
