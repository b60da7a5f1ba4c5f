import ApusCore
import ApusTestSupport
import Testing

@Suite("random numbers") struct RandomTests {
  static let key = RandomKey(seed: 7)

  /// Mean and variance of numbers.
  static func moments(_ x: Tensor) throws -> (mean: Double, variance: Double) {
    let values = try x.scalars(as: Double.self)
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.map { ($0 - mean) * ($0 - mean) }
    return (mean, squares.reduce(0, +) / Double(values.count))
  }

  @Test("bits are Philox4x32-10 of the known answers")
  func knownAnswer() throws {
    // Random123, kat_vectors: philox4x32 10, counter and key all zeros.
    let words: [Int64] = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    let bits = apply(RandomBits(type: TensorType(.int32, [4])), [RandomKey(seed: 0).tensor])
    try TestExecutor.reference.run {
      let drawn = try bits.scalars(as: Int32.self)
      #expect(drawn == words.map { Int32(truncatingIfNeeded: $0) })
    }
  }

  @Test("every executor draws the same bits")
  func parity() throws {
    func drawn() throws -> [[Double]] {
      let key = RandomKey(seed: -3).folding(in: 5).split(2)[1]
      return try [
        apply(RandomBits(type: TensorType(.int32, [13])), [key.tensor]),
        apply(RandomBits(type: TensorType(.int64, [7])), [key.tensor]),
        .uniform([9], key: key), .uniform([3, 3], dtype: .float64, key: key),
        .permutation(11, key: key), .randomIntegers([6], in: -4..<9, key: key),
      ].map { try $0.scalars(as: Double.self) }
    }
    let first = try TestExecutor.reference.run(drawn)
    let second = try TestExecutor.cpu.run(drawn)
    #expect(second == first)
  }

  @Test("one key gives the same numbers twice, folded and split keys give others")
  func keys() throws {
    let key = RandomTests.key
    let keys = [key, key.folding(in: 0), key.folding(in: 1)] + key.split(2)
    try TestExecutor.reference.run {
      let draws = try keys.map { try Tensor.uniform([4], key: $0).scalars() }
      #expect(Set(draws).count == keys.count)
      let again = try Tensor.uniform([4], key: key).scalars()
      #expect(again == draws[0])
      let step = Tensor(integer: 1)
      let stepped = try Tensor.uniform([4], key: key.folding(in: step)).scalars()
      #expect(stepped == draws[2])
    }
  }

  @Test("uniform numbers fill their range evenly")
  func uniform() throws {
    try TestExecutor.reference.run {
      let x = Tensor.uniform([4000], in: -1..<3, key: RandomTests.key)
      let (mean, variance) = try RandomTests.moments(x)
      expectClose([mean, variance], [1, 16 / 12], absolute: 0.08, relative: 0)
      let values = try x.scalars(as: Double.self)
      #expect(values.allSatisfy { $0 >= -1 && $0 < 3 })
      let half = try Tensor.uniform([4000], dtype: .bfloat16, key: RandomTests.key).scalars()
      #expect(half.allSatisfy { $0 >= 0 && $0 < 1 })
    }
  }

  @Test("normal and truncated normal numbers have the right moments")
  func normal() throws {
    try TestExecutor.reference.run {
      let x = Tensor.normal([4000], mean: 2, standardDeviation: 3, key: RandomTests.key)
      let (mean, variance) = try RandomTests.moments(x)
      expectClose([mean], [2], absolute: 0.15, relative: 0)
      expectClose([variance], [9], absolute: 0.6, relative: 0)
      let y = Tensor.truncatedNormal([4000], standardDeviation: 1, key: RandomTests.key)
      let (middle, spread) = try RandomTests.moments(y)
      // The variance of a standard normal cut at ±2 is 1 - 4φ(2) / (2Φ(2) - 1).
      expectClose([middle, spread], [0, 0.7737413], absolute: 0.05, relative: 0)
      let values = try y.scalars()
      #expect(values.allSatisfy { $0.magnitude <= 2 })
    }
  }

  @Test("discrete draws have the right frequencies")
  func discrete() throws {
    try TestExecutor.reference.run {
      let coin = try Tensor.bernoulli(0.3, shape: [4000], key: RandomTests.key).scalars()
      expectClose([Double(coin.reduce(0, +)) / 4000], [0.3], absolute: 0.03, relative: 0)
      let logits = Tensor([0.1, 0.2, 0.7]).log()
      let drawn = try Tensor.categorical(logits: logits, samples: 4000, key: RandomTests.key)
        .scalars(as: Int32.self)
      let shares = (0..<3).map { k in Double(drawn.count { $0 == k }) / 4000 }
      expectClose(shares, [0.1, 0.2, 0.7], absolute: 0.03, relative: 0)
      let order = try Tensor.permutation(50, key: RandomTests.key).scalars(as: Int.self)
      #expect(order.sorted() == Array(0..<50) && order != Array(0..<50))
      let dice = try Tensor.randomIntegers([2000], in: 1..<7, key: RandomTests.key)
        .scalars(as: Int.self)
      #expect(Set(dice) == Set(1...6))
    }
  }

  @Test("the inverse error function inverts the error function", arguments: TestExecutor.allCases)
  func erfInverse(on executor: TestExecutor) throws {
    let y = (-40...40).map { Double($0) / 20 }
    try executor.run {
      try expectClose(Tensor(y).erf().erfInverse(), y, absolute: 1e-11, relative: 1e-11)
      let single = Tensor(y.map { Float($0) })
      try expectClose(single.erf().erfInverse(), y, absolute: 1e-6, relative: 1e-5)
      try expectClose(
        Tensor([-1.0, 1, 2]).erfInverse(), [-.infinity, .infinity, .nan])
      try checkGradient(of: [[5]], in: -0.9..<0.9, seed: 3) { $0[0].erfInverse() }
    }
  }

  @Test("refusals name the numbers and the caller")
  func refusals() {
    expectRefusal(
      RandomKey(standIn(.int32, [2]), file: "App/M.swift", line: 1).tensor,
      """
      RandomKey: a key is i64[2], not i32[2]
        a: i32[2]
        called at App/M.swift:1
      """)
    expectRefusal(
      .normal([2], standardDeviation: -1, key: RandomTests.key, file: "App/M.swift", line: 2),
      """
      normal: the standard deviation -1.0 is negative
        a: i64[2]
        called at App/M.swift:2
      """)
    expectRefusal(
      .bernoulli(1.5, shape: [2], key: RandomTests.key, file: "App/M.swift", line: 3),
      """
      bernoulli: the probability 1.5 is not between 0 and 1
        a: i64[2]
        called at App/M.swift:3
      """)
    expectRefusal(
      .uniform([-2], key: RandomTests.key, file: "App/M.swift", line: 4),
      """
      randomUniform: shape [-2] has a negative extent
        key: i64[2]
        called at App/M.swift:4
      """)
    expectRefusal(
      .randomIntegers([2], in: 3..<3, key: RandomTests.key, file: "App/M.swift", line: 5),
      """
      randomIntegers: the range 3..<3 is empty
        a: i64[2]
        called at App/M.swift:5
      """)
  }
}
