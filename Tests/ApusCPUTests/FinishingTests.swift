import ApusCPU
import ApusTestSupport
import Testing

@testable import ApusCore

/// Kernels that finish their results, against doubles computed operation by operation.
@Suite("kernels that finish their results") struct FinishingTests {
  private func uniform(_ shape: Shape, _ seed: Int, scale: Double = 1) throws -> Tensor {
    let x = Tensor.uniform(shape, in: -scale..<scale, key: RandomKey(seed: seed))
    try eval(x)
    return x
  }

  /// Checks a compiled function of `inputs` and `weights`, the latter captured or given, against the
  /// same in doubles, where no kernel takes over anything. Returns the plan.
  private func check(
    _ inputs: [Tensor], _ weights: [Tensor], captures: Bool, tolerance: Double = 2e-5,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ function: @escaping @Sendable ([Tensor], [Tensor]) -> [Tensor]
  ) throws -> String {
    let given = captures ? inputs : inputs + weights
    let arguments = given.map { Tensor.placeholder($0.type) }
    let count = inputs.count
    let results = function(
      Array(arguments.prefix(count)), captures ? weights : Array(arguments.dropFirst(count)))
    let captured = try Graph.capture(results, inputs: arguments)
    var options = CompileOptions()
    options.standing = Set(captured.leaves.indices.dropFirst(given.count))
    let plan = try CPUExecutor().compile(captured.graph, options: options)
    let leaves = try captured.leaves.indices.map {
      try ($0 < given.count ? given[$0] : captured.leaves[$0]).evaluatedStorage()
    }
    let outputs = try results.map { try allocate($0.type) }
    let contents = plan.standingInputs.map { leaves[$0].contents }
    let exact = function(
      inputs.map { $0.converted(to: .float64) }, weights.map { $0.converted(to: .float64) })
    for _ in 0..<2 {
      try run(plan, leaves + outputs, contents: contents)
      for (storage, (result, expected)) in zip(outputs, zip(results, exact)) {
        try expectClose(
          Tensor(storage: storage, type: result.type), expected.scalars(as: Double.self),
          shape: expected.shape, absolute: tolerance, relative: 1e-5,
          sourceLocation: sourceLocation)
      }
    }
    return "\(plan)"
  }

  struct Shapes: Sendable, CustomTestStringConvertible {
    let n: Int, h: Int, w: Int, c: Int, o: Int
    let padding: [(Int, Int)]
    var testDescription: String { "\(n)×\(h)×\(w), \(c) → \(o), \(padding)" }
  }

  static let shapes = [
    Shapes(n: 2, h: 16, w: 16, c: 64, o: 64, padding: [(1, 1), (1, 1)]),
    Shapes(n: 3, h: 13, w: 18, c: 48, o: 80, padding: [(1, 1), (1, 1)]),
    Shapes(n: 1, h: 40, w: 21, c: 64, o: 32, padding: [(0, 0), (2, 1)]),
    Shapes(n: 5, h: 23, w: 15, c: 48, o: 112, padding: [(2, 0), (0, 2)]),
    Shapes(n: 60, h: 4, w: 4, c: 96, o: 96, padding: [(1, 1), (1, 1)]),
    Shapes(n: 40, h: 6, w: 11, c: 128, o: 64, padding: [(0, 0), (0, 0)]),
  ]

  @Test("convolutions in tiles, forward and input gradient", arguments: shapes, [true, false])
  func tiles(_ s: Shapes, captures: Bool) throws {
    let x = try uniform([s.n, s.h, s.w, s.c], 1)
    let w = try uniform([s.o, s.c, 3, 3], 2, scale: (1 / Double(9 * s.c)).squareRoot())
    let padding = Padding.explicit(s.padding)
    let y = convolution(x, w, padding: padding)
    let dy = try uniform(y.shape, 3)
    let plan = try check([x, dy], [w], captures: captures) { inputs, weights in
      let y = convolution(inputs[0], weights[0], padding: padding)
      let dx = vectorJacobianProduct(
        of: [y], cotangents: [inputs[1]], withRespectTo: [inputs[0]])
      return [y] + dx.compactMap { $0 }
    }
    #expect(plan.components(separatedBy: " winograd").count - 1 >= 1, "\(plan)")
  }

  @Test("batch norm, a residual and relu join the convolution", arguments: [true, false])
  func block(captures: Bool) throws {
    let x = try uniform([2, 16, 16, 64], 1)
    let weights = try [
      uniform([64, 64, 3, 3], 2, scale: 0.05), uniform([64], 3), uniform([64], 4),
      uniform([64, 64, 3, 3], 5, scale: 0.05), uniform([64, 64, 1, 1], 6, scale: 0.1),
    ]
    let plan = try check([x], weights, captures: captures, tolerance: 1e-4) { inputs, w in
      let x = inputs[0]
      let padding = Padding.symmetric(1)
      func normalized(_ y: Tensor) -> Tensor {
        y.batchNormalized(mean: w[1], variance: w[2].square() + 0.5, gamma: w[2], beta: w[1])
      }
      let h = (normalized(convolution(x, w[0], padding: padding) + w[1])).relu()
      let y = (normalized(convolution(h, w[3], padding: padding)) + x).relu()
      let z = normalized(convolution(y, w[4]))
      return [z, (convolution(h, w[0], padding: padding) + h).relu()]
    }
    #expect(plan.contains("winograd"), "\(plan)")
    guard captures else { return }
    // Scales go into the weights once; what is left are the convolutions.
    let kernels = plan.split(separator: "\n").dropFirst().map(String.init)
    let first = try #require(kernels.firstIndex { $0.contains("convolution") })
    #expect(kernels[first...].allSatisfy { $0.contains("convolution") }, "\(plan)")
    #expect(kernels.count - first == 4, "\(plan)")
  }

  @Test("a sum of two convolutions is finished by one of them", arguments: [true, false])
  func sums(captures: Bool) throws {
    let x = try uniform([2, 16, 16, 64], 1)
    let weights = try [
      uniform([64, 64, 3, 3], 2, scale: 0.05), uniform([64, 64, 3, 3], 3, scale: 0.05),
      uniform([64], 4),
    ]
    _ = try check([x], weights, captures: captures, tolerance: 1e-4) { inputs, w in
      let padding = Padding.symmetric(1)
      let a = convolution(inputs[0], w[0], padding: padding) + w[2]
      let b = convolution(inputs[0], w[1], padding: padding) * w[2]
      let y = (a + b).relu()
      // Its input is the addend as well.
      return [(convolution(y, w[0], padding: padding) + y).relu() + w[2]]
    }
  }

  @Test("relu keeps NaN wherever it is done")
  func nan() throws {
    var values = Array(repeating: Float(0.1), count: 2 * 16 * 16 * 32)
    values[40] = .nan
    let x = Tensor(values, shape: [2, 16, 16, 32])
    try eval(x)
    let w = try uniform([32, 32, 3, 3], 1, scale: 0.1)
    let bias = try uniform([32], 2)
    let m = try uniform([32, 3], 3)
    let f = compile { x in
      [(convolution(x[0], w, padding: .symmetric(1)) + bias).relu(), matmul(x[0], m).relu()]
    }
    let results = try f(x)
    let product = try results[1].scalars(as: Float.self)
    #expect(product.indices.allSatisfy { product[$0].isNaN == ($0 / 3 == 1) })
    let y = try results[0].scalars(as: Float.self)
    for pixel in 0..<(2 * 16 * 16) {
      let channels = y[(pixel * 32)..<(pixel * 32 + 32)]
      // Windows around the second pixel of the first row see it, and others of their tile may.
      if [0, 1, 2, 16, 17, 18].contains(pixel) { #expect(channels.allSatisfy { $0.isNaN }) }
      if pixel % 16 >= 4 || pixel / 16 >= 4 { #expect(channels.allSatisfy { $0 >= 0 }) }
    }
  }

  @Test("products add a bias and clamp", arguments: [1, 3, 40], [true, false])
  func products(rows: Int, captures: Bool) throws {
    let x = try uniform([2, rows, 48], 1)
    let weights = try [
      uniform([33, 48], 2), uniform([33], 3), uniform([33, 20], 4), uniform([20], 5),
    ]
    _ = try check([x], weights, captures: captures) { inputs, w in
      let h = (matmul(inputs[0], w[0].matrixTransposed()) + w[1]).relu()
      let y = (matmul(h, w[2]) * w[3] + w[3])
      return [h.sum(axes: [0]), y, (w[3] + matmul(h, w[2])).relu()]
    }
  }

  @Test("the same bits on any number of threads", arguments: [1, 40])
  func threads(n: Int) throws {
    let x = try uniform([n, 18, 14, 64], 1)
    let w = try uniform([64, 64, 3, 3], 2, scale: 0.05)
    func run(_ threads: Int) throws -> Tensor {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
        let y = convolution(x, w * 1, padding: .symmetric(1))
        try eval(y)
        return y
      }
    }
    let one = try run(1)
    for threads in [2, 3, 7] { try expectSameBits([run(threads)], [one]) }
  }
}
