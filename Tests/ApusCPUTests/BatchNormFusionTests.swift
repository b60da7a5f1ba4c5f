import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

/// Batch norms joined with their neighbours, against plans that compute every operation on its own.
@Suite("batch norm fusion") struct BatchNormFusionTests {
  /// What is done with the batch norm of the first operand; the others are gamma, beta and two more
  /// tensors of the first one's shape.
  enum Use: CaseIterable {
    case relu, sum, sumRelu, ofTwoNorms, twice, ofItself, sumReadTwice, masked

    func callAsFunction(_ p: [Tensor]) -> Tensor {
      func norm(_ x: Tensor) -> Tensor { x.batchNormalized(gamma: p[1], beta: p[2]).result }
      return switch self {
      case .relu: norm(p[0]).relu() * p[3]
      case .sum: (norm(p[0]) + p[3]) * p[4]
      case .sumRelu: (p[3] + norm(p[0])).relu() * p[4]
      case .ofTwoNorms: (norm(p[0]) + norm(p[3])).relu() * p[4]
      case .twice: residual(residual(p[0], norm), norm) * p[4]
      case .ofItself: (norm(p[0]) + p[0]).relu() * p[0]
      case .sumReadTwice: norm(norm(p[0]).relu() + p[3]) * (norm(p[0]) + p[3])
      case .masked: norm(p[0] * p[4]).relu().square() + norm(p[3]).relu() * p[4]
      }
    }

    private func residual(_ x: Tensor, _ norm: (Tensor) -> Tensor) -> Tensor {
      (norm(norm(x * 0.5).relu() * 1.5) + x).relu()
    }
  }

  static let shapes: [Shape] = [
    [40, 1], [5, 3, 2, 3], [9, 4, 1, 7], [3, 70, 17], [1, 1, 1, 5], [2, 9, 9, 64],
  ]

  private func operands(_ shape: Shape, _ dtype: DType) -> [Tensor] {
    let channels = Shape([shape[-1]])
    return [shape, channels, channels, shape, shape].enumerated().map { index, shape in
      Tensor.normal(shape, dtype: dtype, key: RandomKey(seed: 7 + index))
    }
  }

  /// The result and the gradients of all operands.
  private func results(_ use: Use, _ points: [Tensor], isolated: Bool) throws -> [[Double]] {
    try Debugging.$watchesNonFinite.withValue(isolated) {
      let all = [use(points)] + gradients(at: points) { use($0).sum() }
      try eval(all)
      return try all.map { try $0.converted(to: .float64).scalars(as: Double.self) }
    }
  }

  @Test(
    "a joined plan gives what separate operations give", arguments: Use.allCases, [1, 2])
  func agrees(_ use: Use, threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
      for shape in Self.shapes {
        let points = operands(shape, .float64)
        let joined = try results(use, points, isolated: false)
        let separate = try results(use, points, isolated: true)
        for (a, b) in zip(joined, separate) { expectClose(a, b, absolute: 1e-9, "\(use) \(shape)") }
      }
    }
  }

  @Test("floats agree with doubles", arguments: Use.allCases)
  func floats(_ use: Use) throws {
    try Executors.with(CPUExecutor()) {
      for shape in Self.shapes where shape.count > 5 {
        let points = operands(shape, .float32)
        let single = try results(use, points, isolated: false)
        let double = try results(
          use, points.map { $0.converted(to: .float64) }, isolated: true)
        for (a, b) in zip(single, double) {
          let scale = b.reduce(1) { max($0, abs($1)) }
          expectClose(a, b, absolute: 2e-5 * scale, "\(use) \(shape)")
        }
      }
    }
  }

  @Test("brain floats are as near to doubles as separate operations", arguments: Use.allCases)
  func brainFloats(_ use: Use) throws {
    // Elements beside the ReLU's corner fall either way, so single sums may be off.
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      let size = b.reduce(0) { $0 + $1 * $1 }
      let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (error / max(size, 1e-12)).squareRoot()
    }
    try Executors.with(CPUExecutor()) {
      for shape in Self.shapes where shape.count > 300 {
        let points = operands(shape, .bfloat16)
        // What is computed along with its readers is not rounded for all of them.
        try eval(points)
        let joined = try results(use, points, isolated: false)
        let separate = try results(use, points, isolated: true)
        let double = try results(
          use, points.map { $0.converted(to: .float64) }, isolated: true)
        for (index, exact) in double.enumerated() {
          let (own, other) = (distance(joined[index], exact), distance(separate[index], exact))
          #expect(own <= max(0.02, 1.5 * other) && own < 0.1, "\(use) \(shape): \(own), \(other)")
        }
      }
    }
  }

  private func kernels(_ use: Use, _ dtype: DType = .float32) throws -> [String] {
    let types = operands([8, 9, 9, 16], dtype).map(\.type)
    let found = try graph(
      of: { p in [use(p)] + gradients(at: p) { use($0).sum() } }, on: types)
    return try PlanLayout(found, CompileOptions(), CPUConfiguration()).nodes.map(\.label)
  }

  @Test("a residual block is one kernel per batch norm in each direction, and no pass besides")
  func kernelsOfABlock() throws {
    for (use, dtype) in [(Use.relu, DType.float32), (.sumRelu, .float32), (.sumRelu, .bfloat16)] {
      let labels = try kernels(use, dtype)
      #expect(labels.count { $0.hasPrefix("batchNormRelu") } == 2, "\(labels)")
      #expect(!labels.contains { $0.contains("relu") || $0.contains("where") }, "\(labels)")
    }
    let labels = try kernels(.twice)
    #expect(labels.count { $0.hasPrefix("batchNormRelu") } == 8, "\(labels)")
    #expect(!labels.contains { $0.contains("greater") }, "\(labels)")
  }

  @Test("NaN stays in its channel, and lets nothing through backwards")
  func notANumber() throws {
    try Executors.with(CPUExecutor()) {
      for use in [Use.relu, .sumRelu] {
        var points = operands([6, 3, 3, 4], .float32)
        var x: [Float] = try points[0].scalars()
        x[5] = .nan
        points[0] = Tensor(x, shape: [6, 3, 3, 4])
        let all = [use(points)] + gradients(at: points) { use($0).sum() }
        let y: [Float] = try all[0].scalars()
        let dx: [Float] = try all[1].scalars()
        for (index, (value, slope)) in zip(y, dx).enumerated() {
          #expect(value.isNaN == (index % 4 == 1))
          #expect(slope.isNaN == (index % 4 == 1))
        }
        let dbeta: [Float] = try all[3].scalars()
        #expect(dbeta[1] == 0 && dbeta[0] != 0)
      }
    }
  }

  @Test("a residual that waits for the norm's own statistics is left apart")
  func circles() throws {
    func program(_ p: [Tensor]) -> [Tensor] {
      let a = p[0].batchNormalized(gamma: p[1], beta: p[2])
      let b = p[3].batchNormalized(gamma: p[1], beta: p[2])
      let own = a.result + p[4] * a.mean
      return [own.relu(), (b.result + p[4] * a.variance).relu(), b.mean]
    }
    func crossed(_ p: [Tensor]) -> [Tensor] {
      let a = p[0].batchNormalized(gamma: p[1], beta: p[2])
      let b = p[3].batchNormalized(gamma: p[1], beta: p[2])
      return [(a.result + p[4] * b.mean).relu(), (b.result + p[4] * a.mean).relu()]
    }
    try Executors.with(CPUExecutor()) {
      for build in [program, crossed] {
        let points = operands([4, 5, 3], .float64)
        let joined = try build(points).map { try $0.scalars(as: Double.self) }
        let separate = try Debugging.$watchesNonFinite.withValue(true) {
          try build(points).map { try $0.scalars(as: Double.self) }
        }
        for (a, b) in zip(joined, separate) { expectClose(a, b, absolute: 1e-12) }
      }
    }
  }

  @Test("any number of threads gives the same bits")
  func deterministic() throws {
    func run(threads: Int) throws -> [[UInt8]] {
      let configuration = CPUConfiguration(threads: threads, isDeterministic: true)
      return try Executors.with(CPUExecutor(configuration)) {
        let points = operands([40, 17, 17, 24], .float32)
        let all =
          [Use.twice(points)] + gradients(at: points) { (Use.twice($0) * $0[3]).mean() }
        return try all.map { try $0.bytes() }
      }
    }
    let first = try run(threads: 1)
    #expect(try run(threads: 2) == first)
    #expect(try run(threads: 3) == first)
  }
}
