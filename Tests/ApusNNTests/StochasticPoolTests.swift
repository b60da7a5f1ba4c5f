import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("stochastic pooling") struct StochasticPoolTests {
  private static func drawn(
    _ x: Tensor, _ layer: StochasticPool2D, seed: Int
  ) throws -> [Double] {
    let context = Context(isTraining: true, key: RandomKey(seed: seed))
    return try layer(x, context).scalars(as: Double.self)
  }

  @Test("elements are drawn as often as their share of the window's sum")
  func frequencies() throws {
    try TestExecutor.cpu.run {
      // Many images of one window each: 1, 2, 0, 5 and a negative element, which is never drawn.
      let count = 40_000
      let window = Tensor([1.0, 2, 0, 5, -3, 0], shape: [1, 2, 3, 1])
      let x = window.broadcast(to: [count, 2, 3, 1])
      let layer = StochasticPool2D(window: [2, 3])
      let y = try Self.drawn(x, layer, seed: 3)
      for (value, share) in [(1.0, 1.0 / 8), (2, 2.0 / 8), (5, 5.0 / 8)] {
        let found = Double(y.filter { $0 == value }.count) / Double(count)
        let deviation = (share * (1 - share) / Double(count)).squareRoot()
        #expect(abs(found - share) < 4 * deviation, "\(value): \(found), expected \(share)")
      }
      #expect(y.allSatisfy { [1, 2, 5].contains($0) })
      let mean = y.reduce(0, +) / Double(count)
      #expect(abs(mean - (1 + 4 + 25) / 8) < 0.05)
      // Inference gives exactly what training gives on average.
      let calm = try layer(window).scalars(as: Double.self)
      #expect(calm == [30.0 / 8])
    }
  }

  @Test("overlapping windows, padding and several channels draw from their own elements")
  func members() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.uniform([2, 7, 6, 19], in: 0.1..<1, dtype: .float64, key: RandomKey(seed: 1))
      let values = try x.scalars(as: Double.self)
      let layer = StochasticPool2D(3, stride: 2, padding: .symmetric(1))
      let context = Context(isTraining: true, key: RandomKey(seed: 9))
      let y = layer(x, context)
      #expect(y.shape == [2, 4, 3, 19])
      let found = try y.scalars(as: Double.self)
      for n in 0..<2 {
        for i in 0..<4 {
          for j in 0..<3 {
            for c in 0..<19 {
              var inside: Set<Double> = []
              for h in max(0, 2 * i - 1)...min(6, 2 * i + 1) {
                for w in max(0, 2 * j - 1)...min(5, 2 * j + 1) {
                  inside.insert(values[((n * 7 + h) * 6 + w) * 19 + c])
                }
              }
              #expect(inside.contains(found[((n * 4 + i) * 3 + j) * 19 + c]))
            }
          }
        }
      }
    }
  }

  @Test("the gradient goes to the elements drawn; windows without activations give 0")
  func gradient() throws {
    try TestExecutor.cpu.run {
      let x = Tensor([0.0, -1, 3, 0, -2, -1, 0, 0], shape: [2, 2, 2, 1])
      let layer = StochasticPool2D(2)
      let context = Context(isTraining: true, key: RandomKey(seed: 2))
      try expectClose(layer(x, context), [3, 0])
      let slope = ApusCore.gradient(at: x) {
        layer($0, Context(isTraining: true, key: RandomKey(seed: 2))).sum()
      }
      try expectClose(slope, [0, 0, 1, 0, 0, 0, 0, 0])
      try expectClose(layer(x), [3, 0])
    }
  }

  @Test("the same seed gives the same bits on every number of threads, another seed others")
  func threads() throws {
    func run(_ threads: Int, _ seed: Int) throws -> [Double] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
        let x = Tensor.uniform([4, 32, 32, 16], in: 0..<1, key: RandomKey(seed: 5))
        return try Self.drawn(x, StochasticPool2D(3, stride: 2), seed: seed)
      }
    }
    let one = try run(1, 6)
    #expect(try run(2, 6) == one)
    #expect(try run(3, 6) == one)
    #expect(try run(2, 7) != one)
  }
}
