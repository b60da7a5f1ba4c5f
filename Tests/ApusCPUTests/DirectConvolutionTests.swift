import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

/// One convolution of any shape that the rules allow.
private struct ConvolutionCase: CustomStringConvertible {
  var x: [Int] = []
  var w: [Int] = []
  var stride: [Int] = []
  var dilation: [Int] = []
  var padding: [(Int, Int)] = []
  var groups = 1

  var description: String {
    "x \(x), w \(w), stride \(stride), dilation \(dilation), padding \(padding), groups \(groups)"
  }

  /// Draws sizes around those where tiles, vectors, slabs and units end.
  init(_ random: inout SplitMix) {
    let rank = [1, 2, 2, 2, 2, 3].randomElement(using: &random) ?? 2
    groups = Int.random(in: 0..<5, using: &random) == 0 ? Int.random(in: 2...4, using: &random) : 1
    let limits = [4, 17, 33]
    func channels() -> Int {
      Int.random(in: 1...(limits.randomElement(using: &random) ?? 4), using: &random)
    }
    let (inputs, outputs) = (channels(), channels())
    x = [[0, 1, 1, 2, 3].randomElement(using: &random) ?? 1]
    w = [outputs * groups, inputs]
    for axis in 0..<rank {
      let kernel = Int.random(in: 1...(rank == 3 ? 3 : 7), using: &random)
      let step = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
      let low = Int.random(in: 0...3, using: &random)
      let high = Int.random(in: 0...3, using: &random)
      let reach = (kernel - 1) * step + 1
      let most = rank == 1 && axis == 0 ? 150 : rank == 3 ? 7 : 20
      let least = max(1, reach - low - high)
      x.append(Int.random(in: least...max(least, most), using: &random))
      w.append(kernel)
      stride.append(Int.random(in: 1...3, using: &random))
      dilation.append(step)
      padding.append((low, high))
    }
    x.append(inputs * groups)
  }

  /// The result and both gradients, all in one plan, on the current executor.
  func results(_ dtype: DType, _ random: SplitMix) throws -> [Tensor] {
    var random = random
    func draw(_ dims: [Int]) -> Tensor {
      let values = (0..<dims.reduce(1, *)).map { _ in
        Double(Float.random(in: -1..<1, using: &random))
      }
      return Tensor(values, shape: Shape(dims)).converted(to: dtype)
    }
    let points = [draw(x), draw(w)]
    func y(_ p: [Tensor]) -> Tensor {
      convolution(
        p[0], p[1], stride: stride, padding: .explicit(padding), dilation: dilation,
        groups: groups)
    }
    let result = y(points)
    let slope = draw(result.shape.dims)
    let all = [result] + gradients(at: points) { (y($0) * slope).sum() }
    try eval(all)
    return all
  }
}

@Suite("direct convolution kernels") struct DirectConvolutionTests {
  private func executor(threads: Int) -> CPUExecutor {
    CPUExecutor(CPUConfiguration(threads: threads, isDeterministic: true, usesOneDNN: false))
  }

  @Test("all passes agree with float64, on any number of threads", arguments: 0..<4)
  func shapes(part: Int) throws {
    var random = SplitMix(state: UInt64(part) + 40)
    for _ in 0..<30 {
      let problem = ConvolutionCase(&random)
      let single = try Executors.with(executor(threads: 1)) {
        try problem.results(.float32, random)
      }
      // The reference executor takes too long at larger sizes; doubles have kernels of their own.
      let small = problem.x.reduce(1, *) * problem.w.reduce(1, *) < 100_000
      let double = try (small ? TestExecutor.reference : .cpu).run {
        try problem.results(.float64, random)
      }
      for (a, b) in zip(single, double) {
        try expectClose(
          a, try b.scalars(as: Double.self), shape: b.shape, absolute: 5e-5, relative: 1e-5,
          "\(problem)")
      }
      let several = try Executors.with(executor(threads: 3)) {
        try problem.results(.float32, random)
      }
      try expectSameBits(several, single, "\(problem)")
      random.state &+= 977
    }
  }

  @Test("an infinity reaches the windows that hold it, and no others", arguments: [1, 3, 6])
  func infinity(outputs: Int) throws {
    // Runs of 5 elements are taken in pairs and fours: their neighbours must not count.
    var values = [Float](repeating: 1, count: 14)
    values[7] = .infinity
    let x = Tensor(values, shape: [1, 1, 14, 1])
    let w = Tensor(repeating: 1, shape: [outputs, 1, 1, 5], dtype: .float32)
    try Executors.with(executor(threads: 1)) {
      let y = convolution(x, w, padding: .valid)
      let expected = (0..<10).flatMap { left in
        [Double](repeating: (left...left + 4).contains(7) ? .infinity : 5, count: outputs)
      }
      try expectClose(y, expected, shape: [1, 1, 10, outputs])
    }
  }
}
