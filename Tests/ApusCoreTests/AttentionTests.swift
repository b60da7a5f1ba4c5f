import ApusCPU
import ApusTestSupport
import Testing

@testable import ApusCore

/// A call of attention with its mask, by shapes.
struct AttentionCase: CustomStringConvertible, Sendable {
  var batch = 1
  var heads = 1
  var groups = 1
  var queries = 1
  var keys = 1
  var width = 4
  var valueWidth = 4
  var mask: [Int]?
  var isBool = false
  var isCausal = false
  var offset = 0
  var scale: Double?
  var dropout = 0.0

  var description: String {
    "N \(batch), H \(heads)/\(groups), T \(queries), S \(keys), D \(width)/\(valueWidth), "
      + "mask \(mask.map { "\($0)" } ?? "none")\(isBool ? " bool" : ""), "
      + "\(isCausal ? "causal \(offset)" : "full"), dropout \(dropout)"
  }

  /// Queries, keys, values, the upstream gradient, and the mask if it is floating.
  func operands(_ dtype: DType) -> [Tensor] {
    var random = SplitMix(state: 3)
    func draw(_ shape: [Int]) -> Tensor {
      let values = (0..<shape.reduce(1, *)).map { _ in Double.random(in: -2..<2, using: &random) }
      return Tensor(values, shape: Shape(shape)).converted(to: .float32).converted(to: dtype)
    }
    return [
      draw([batch, queries, heads, width]), draw([batch, keys, groups, width]),
      draw([batch, keys, groups, valueWidth]), draw([batch, queries, heads, valueWidth]),
    ] + (mask.map { [draw($0)] } ?? [])
  }

  func apply(_ x: [Tensor], _ maskTensor: Tensor?) -> Tensor {
    scaledDotProductAttention(
      x[0], x[1], x[2], mask: maskTensor.map { isBool ? $0 .> 0 : $0 }, isCausal: isCausal,
      queryOffset: offset, scale: scale, dropoutRate: dropout, key: RandomKey(seed: 4))
  }

  /// The result and the gradients of queries, keys, values: of the operation, or of what it is
  /// made of.
  func results(_ dtype: DType, decomposed: Bool = false) throws -> [[Double]] {
    let all = operands(dtype)
    let mask = self.mask == nil ? nil : all[4]
    func run(_ x: [Tensor]) -> Tensor {
      let y = apply(x, mask)
      guard decomposed, let whole = y.node.operation as? any Composite else { return y }
      return whole.decomposition(y.node.operands)[0]
    }
    let y = run(all)
    let slopes = ApusCore.gradients(at: Array(all[..<3])) { (run($0) * all[3]).sum() }
    return try ([y] + slopes).map { try $0.scalars(as: Double.self) }
  }

  static let all: [AttentionCase] = [
    .init(), .init(queries: 3, keys: 5, width: 1, valueWidth: 1),
    .init(batch: 2, heads: 3, groups: 3, queries: 7, keys: 9, width: 5, valueWidth: 3),
    .init(batch: 2, heads: 4, groups: 2, queries: 6, keys: 6, width: 8, isCausal: true),
    .init(heads: 4, groups: 1, queries: 13, keys: 13, width: 16, valueWidth: 16, isCausal: true),
    .init(heads: 2, groups: 2, queries: 70, keys: 150, width: 17, valueWidth: 33),
    .init(heads: 2, groups: 1, queries: 131, keys: 300, width: 16, valueWidth: 20, isCausal: true),
    .init(queries: 140, keys: 70, width: 6, isCausal: true),
    .init(queries: 9, keys: 40, width: 6, isCausal: true, offset: 31),
    .init(queries: 70, keys: 20, width: 6, isCausal: true, offset: -5),
    .init(heads: 2, groups: 2, queries: 1, keys: 290, width: 24, valueWidth: 24),
    .init(queries: 2, keys: 12, width: 6, mask: [1, 1, 2, 12], isBool: true),
    .init(batch: 2, heads: 2, queries: 66, keys: 133, mask: [2, 1, 1, 133], isBool: true),
    .init(batch: 2, heads: 2, queries: 5, keys: 7, mask: [2, 2, 5, 7], isBool: true),
    .init(batch: 2, heads: 2, groups: 2, queries: 5, keys: 7, mask: [1, 2, 5, 1]),
    .init(heads: 2, queries: 70, keys: 130, mask: [1, 2, 70, 130], isCausal: true, offset: 40),
    .init(queries: 5, keys: 6, mask: [5, 6], isBool: true, isCausal: true),
    .init(queries: 5, keys: 6, mask: [5, 6], scale: -0.3),
    .init(queries: 5, keys: 6, scale: 0),
    .init(batch: 2, heads: 2, queries: 9, keys: 7, dropout: 0.4),
    .init(heads: 2, queries: 70, keys: 141, isCausal: true, offset: 80, dropout: 0.1),
  ]
}

@Suite("attention") struct AttentionTests {
  @Test("the kernel agrees with the decomposition in float64", arguments: AttentionCase.all)
  func agrees(_ example: AttentionCase) throws {
    let expected = try TestExecutor.cpu.run { try example.results(.float64, decomposed: true) }
    let actual = try TestExecutor.cpu.run { try example.results(.float64) }
    for (part, (a, b)) in zip(actual, expected).enumerated() {
      expectClose(a, b, absolute: 1e-12, relative: 1e-10, "result \(part) of \(example)")
    }
  }

  @Test("float32 stays close to float64", arguments: AttentionCase.all)
  func single(_ example: AttentionCase) throws {
    let expected = try TestExecutor.cpu.run { try example.results(.float64, decomposed: true) }
    let actual = try TestExecutor.cpu.run { try example.results(.float32) }
    for (part, (a, b)) in zip(actual, expected).enumerated() {
      expectClose(a, b, absolute: 2e-5, relative: 2e-5, "result \(part) of \(example)")
    }
  }

  @Test("any number of threads gives the same bits", arguments: AttentionCase.all)
  func threads(_ example: AttentionCase) throws {
    func run(_ count: Int) throws -> [[Double]] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: count))) {
        try example.results(.float32)
      }
    }
    let one = try run(1)
    for count in [2, 5] { #expect(try run(count) == one, "\(count) threads, \(example)") }
  }

  @Test("a shared block of many queries is cut among threads without changing a bit")
  func manyQueries() throws {
    let example = AttentionCase(queries: 700, keys: 520, width: 16, valueWidth: 16)
    func run(_ count: Int) throws -> [[Double]] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: count))) {
        try example.results(.float32)
      }
    }
    #expect(try run(1) == run(3))
  }

  @Test("heads before time in memory, as slices of one projection, give the same")
  func strided() throws {
    let example = AttentionCase(
      batch: 2, heads: 2, groups: 2, queries: 5, keys: 5, width: 16, valueWidth: 16)
    let x = example.operands(.float64)
    try TestExecutor.cpu.run {
      let expected = try example.apply(x, nil).scalars(as: Double.self)
      let joined = concatenated([x[0], x[1], x[2]], axis: 3)
      try eval(joined)
      let parts = joined.split(into: 3, axis: 3)
      #expect(try example.apply(parts, nil).scalars(as: Double.self) == expected)
      let turned = try x.map { x in
        let y = x.transposed(permutation: [0, 2, 3, 1]) + 0
        try eval(y)
        return y.transposed(permutation: [0, 3, 1, 2])
      }
      #expect(try example.apply(turned, nil).scalars(as: Double.self) == expected)
    }
  }

  @Test("a query that sees nothing gives zeros and no gradient, whatever hides the keys")
  func unseen() throws {
    let example = AttentionCase(queries: 2, keys: 3)
    let x = example.operands(.float64)
    let hidden = Tensor([1, 1, 0, 0, 0, 0] as [Double], shape: [1, 1, 2, 3]) .> 0
    let lowest = Tensor(-.infinity, dtype: .float64)
    let added = Tensor(0, dtype: .float64).where(hidden, else: lowest)
    for executor in TestExecutor.allCases {
      try executor.run {
        for mask in [hidden, added] {
          let y = scaledDotProductAttention(x[0], x[1], x[2], mask: mask)
          let values = try y.scalars(as: Double.self)
          #expect(values[4...].allSatisfy { $0 == 0 } && values[..<4].allSatisfy { $0 != 0 })
          let slopes = gradients(at: Array(x[..<3])) {
            (scaledDotProductAttention($0[0], $0[1], $0[2], mask: mask) * x[3]).sum()
          }
          let dq = try slopes[0].scalars(as: Double.self)
          #expect(dq[4...].allSatisfy { $0 == 0 } && dq[..<4].allSatisfy { $0 != 0 })
          for slope in slopes {
            #expect(try slope.scalars(as: Double.self).allSatisfy(\.isFinite))
          }
          let dk = try slopes[1].scalars(as: Double.self)
          #expect(dk[8...].allSatisfy { $0 == 0 })
        }
      }
    }
  }

  @Test("a NaN among the scores is not hidden")
  func notANumber() throws {
    let x = AttentionCase(queries: 2, keys: 3).operands(.float32)
    let q = Tensor([Float.nan, 0, 0, 0, 1, 1, 1, 1], shape: [1, 2, 1, 4])
    let y = try TestExecutor.cpu.run {
      try scaledDotProductAttention(q, x[1], x[2]).scalars(as: Double.self)
    }
    #expect(y[..<4].allSatisfy(\.isNaN) && y[4...].allSatisfy(\.isFinite))
  }

  @Test("memory grows with the length, not with its square")
  func linearMemory() throws {
    func bytes(_ length: Int, dropout: Double) throws -> (arena: Int, scores: Int) {
      let types = (0..<3).map { _ in TensorType(.float32, [1, length, 2, 16]) }
      let graph = try graph(
        of: { x in
          gradients(at: x) {
            scaledDotProductAttention(
              $0[0], $0[1], $0[2], isCausal: true, dropoutRate: dropout, key: RandomKey(seed: 1)
            ).square().sum()
          }
        }, on: types)
      let plan = try CPUExecutor(CPUConfiguration(threads: 2)).compile(
        graph, options: CompileOptions())
      let words = "\(plan)".split(separator: "\n")[0].split(separator: " ")
      return (try #require(words.dropLast().last.flatMap { Int($0) }), length * length * 4)
    }
    for dropout in [0, 0.1] {
      let (small, large) = (
        try bytes(2048, dropout: dropout), try bytes(4096, dropout: dropout)
      )
      #expect(large.arena < large.scores / 8)
      #expect(Double(large.arena) < 2.05 * Double(small.arena))
    }
  }

  @Test("a learned additive mask has a gradient of its own shape")
  func maskGradient() throws {
    for executor in TestExecutor.allCases {
      try executor.run {
        try checkGradient(
          of: [[2, 3, 2, 4], [2, 5, 2, 4], [2, 5, 2, 4], [1, 2, 3, 1]], seed: 3, tolerance: 2e-5
        ) { scaledDotProductAttention($0[0], $0[1], $0[2], mask: $0[3], isCausal: true) }
      }
    }
  }

  @Test("dropped weights have the promised share and mean, and fresh keys differ")
  func dropout() throws {
    let length = 300
    let q = Tensor.zeros([1, length, 1, 4])
    // With equal weights and values of one, a result is the share kept over the share expected.
    let ones = Tensor.ones([1, length, 1, 1])
    try TestExecutor.cpu.run {
      func run(_ seed: Int) throws -> [Double] {
        try scaledDotProductAttention(q, q, ones, dropoutRate: 0.25, key: RandomKey(seed: seed))
          .scalars(as: Double.self)
      }
      let y = try run(1)
      let kept = y.map { $0 * 0.75 * Double(length) }
      #expect(kept.allSatisfy { abs($0 - $0.rounded()) < 1e-3 })
      let share = kept.reduce(0, +) / Double(length * length)
      #expect(abs(share - 0.75) < 5 * (0.25 * 0.75).squareRoot() / Double(length))
      let variance = kept.map { ($0 - 225) * ($0 - 225) }.reduce(0, +) / Double(length)
      #expect(variance > 35 && variance < 85)
      #expect(try run(1) == y && run(2) != y)
    }
  }

  @Test("refusals tell what does not fit")
  func refusals() {
    func reason(_ q: [Int], _ k: [Int], _ v: [Int], mask: TensorType? = nil) -> String? {
      scaledDotProductAttention(
        standIn(.float32, q), standIn(.float32, k), standIn(.float32, v),
        mask: mask.map { .placeholder($0) }
      ).error?.reason
    }
    let x = [2, 3, 4, 5]
    #expect(
      reason([3, 4, 5], x, x) == "queries must be [batch, time, heads, width], not [3, 4, 5]")
    #expect(reason(x, [1, 3, 4, 5], x) == "batches differ: queries have 2, keys 1")
    #expect(reason(x, x, [2, 7, 4, 5]) == "lengths differ: keys have 3, values 7")
    #expect(reason(x, x, [2, 3, 2, 5]) == "heads differ: keys have 4, values 2")
    #expect(reason(x, [2, 3, 4, 6], x) == "widths differ: queries have 5, keys 6")
    #expect(
      reason(x, [2, 3, 3, 5], [2, 3, 3, 5]) == "3 heads of keys do not divide 4 heads of queries")
    #expect(reason(x, [2, 0, 4, 5], [2, 0, 4, 5]) == "there are no keys")
    #expect(
      reason(x, x, x, mask: TensorType(.bool, [2, 4, 3, 2]))
        == "the mask must be [2, 4, 3, 3] with some axes 1, not [2, 4, 3, 2]")
    #expect(
      reason(x, x, x, mask: TensorType(.int32, [3, 3])) == "the mask must be bool or f32, not i32")
  }
}
