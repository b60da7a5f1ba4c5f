import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

/// Random programs: fused plans against plans that compute every operation on its own.
@Suite("fusion") struct FusionTests {
  @Test("a fused plan gives what separate operations give", arguments: 0..<400)
  func agrees(_ seed: Int) throws {
    let fused = try Executors.with(CPUExecutor()) {
      let outputs = RandomProgram(seed: seed).outputs()
      try eval(outputs)
      return try outputs.map { try $0.scalars(as: Double.self) }
    }
    let separate = try Executors.with(CPUExecutor()) {
      try Debugging.$watchesNonFinite.withValue(true) {
        try RandomProgram(seed: seed).outputs().map { try $0.scalars(as: Double.self) }
      }
    }
    for (a, b) in zip(fused, separate) { expectClose(a, b, absolute: 1e-9, "program \(seed)") }
  }

  @Test("a slope of relu whose mask comes from an earlier region reads the mask, not its operand")
  func reluSlopeAcrossRegions() throws {
    let x = Tensor([0.5, -0.2, 0.3, 0.4], shape: [2, 2])
    let scale = Tensor([3.0], shape: [])
    let slopes = try Executors.with(CPUExecutor()) {
      // The division makes a region of its own between the two that need the mask.
      try gradient(at: x) { x in
        (gradient(at: x) { $0.relu().square().sum() / 6 * scale } * x.stoppingGradient()).sum()
      }.scalars(as: Double.self)
    }
    expectClose(slopes, [0.5, 0, 0.3, 0.4])
  }

  @Test("any number of threads gives the same bits in deterministic mode", arguments: [3, 8, 21])
  func deterministic(_ seed: Int) throws {
    func run(threads: Int) throws -> [[UInt8]] {
      let configuration = CPUConfiguration(threads: threads, isDeterministic: true)
      return try Executors.with(CPUExecutor(configuration)) {
        let x = Tensor.normal([700, 190], key: RandomKey(seed: seed))
        let w = Tensor.normal([190, 130], key: RandomKey(seed: seed + 1))
        let y = matmul(x, w).tanh()
        let slope = gradient(at: w) { (matmul(x, $0).tanh() * y).mean() }
        return try [y.sum(), y.sum(axes: [0]), slope, y.softmax().mean(axes: [1])].map {
          try $0.bytes()
        }
      }
    }
    #expect(try run(threads: 1) == run(threads: 2))
    #expect(try run(threads: 2) == run(threads: 3))
  }
}

/// A program of random operations on random shapes, the same for the same seed.
private struct RandomProgram {
  private var random: SplitMix

  init(seed: Int) { random = SplitMix(state: UInt64(seed) &* 7919 &+ 13) }

  private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  func outputs() -> [Tensor] {
    var copy = self
    return copy.build()
  }

  private mutating func build() -> [Tensor] {
    let shapes: [Shape] = [[4, 6], [6], [4, 1], [], [2, 4, 6], [6, 4], [1, 6], [24]]
    var pool = shapes.map { shape in
      Tensor((0..<shape.count).map { _ in Double(pick(2000)) / 1000 - 1 }, shape: shape)
    }
    for _ in 0..<(5 + pick(40)) {
      let a = pool[pick(pool.count)]
      let b = pool[pick(pool.count)]
      let next = pick(2) == 0 ? combine(a, b) : reshape(a)
      if next.error == nil && next.count <= 2000 && next.rank <= 5 { pool.append(next) }
    }
    return (0..<4).map { _ in pool[pool.count - 1 - pick(min(12, pool.count))] }
  }

  private mutating func combine(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch pick(12) {
    case 0: a + b
    case 1: a * b
    case 2: a - b
    case 3: maximum(a, b)
    case 4: a.tanh()
    case 5: (a * 0.5).sin()
    case 6: a.relu()
    case 7: a.where(a .> 0.2, else: a * a)
    case 8: 1 - a
    case 9:
      a.rank == 2 && b.rank == 2 && a.shape[1] == b.shape[0] ? matmul(a, b) * 0.2 : a + 0.25
    case 10: a.rank > 0 ? a.softmax() : a
    default: a + Tensor.iota(a.rank > 0 ? a.shape : [1], axis: -1, dtype: .float64) * 0.01
    }
  }

  private mutating func reshape(_ a: Tensor) -> Tensor {
    if a.rank == 0 { return a * 2 }
    switch pick(10) {
    case 0: return a.sum(axes: [pick(a.rank)], keepingAxes: pick(2) == 0) * 0.1
    case 1: return a.max(axes: [pick(a.rank)], keepingAxes: true)
    case 2: return a.mean()
    case 3: return a.rank >= 2 ? a.swappingAxes(0, -1) : a * 2
    case 4: return a.shape[0] > 1 ? a[0..<(a.shape[0] - 1)] : a
    case 5: return a.flattened()
    case 6: return a.flipped(axes: [0])
    case 7: return a.count % 4 == 0 ? a.reshaped(to: [4, -1]) : a
    case 8:
      let low = Array(repeating: 0, count: a.rank - 1) + [1]
      return a.padded(low: low, high: Array(repeating: 0, count: a.rank), value: 0.5)
    default: return concatenated([a, a * 0.3], axis: 0)
    }
  }
}
