import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

/// Products whose factors separate along every axis: whole numbers small enough that results are
/// exact, and known without adding up all terms.
@Suite("product kernels") struct ProductKernelTests {
  /// Whole numbers from -2 to 2, none of them zero.
  private static func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count).map { _ in [-2, -1, 1, 2].randomElement(using: &random)! }
  }

  /// The outer product of some vectors.
  private static func outer(_ factors: [[Float]]) -> Tensor {
    var values: [Float] = [1]
    for factor in factors { values = values.flatMap { value in factor.map { value * $0 } } }
    return Tensor(values, shape: Shape(factors.map(\.count)))
  }

  private static func expect(
    _ tensor: Tensor, _ factors: [[Float]], _ comment: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for dtype in [DType.float32, .float64] {
      let error = (tensor.converted(to: dtype) - outer(factors).converted(to: dtype)).abs().max()
      let most = try error.converted(to: .float64).scalar(as: Double.self)
      #expect(most == 0, comment, sourceLocation: sourceLocation)
    }
  }

  private static func sum(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test(
    "own matrix products are right around the edges of their blocks",
    arguments: [1, 2, 5, 8, 9, 49, 145, 193], [1, 2])
  func products(m: Int, threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads, usesOneDNN: false))) {
      for (n, k) in [
        (1, 7), (7, 1), (16, 256), (17, 257), (31, 3), (33, 300), (64, 513), (65, 64), (1057, 5),
      ] {
        let (u, v) = (Self.numbers(m, 1), Self.numbers(k, 2))
        let (w, z) = (Self.numbers(k, 3), Self.numbers(n, 4))
        let total = [Self.sum(v, w)]
        for dtype in [DType.float32, .float64] {
          let (a, at) = (
            Self.outer([u, v]).converted(to: dtype), Self.outer([v, u]).converted(to: dtype)
          )
          let (b, bt) = (
            Self.outer([w, z]).converted(to: dtype), Self.outer([z, w]).converted(to: dtype)
          )
          for (left, right) in [
            (a, b), (at.matrixTransposed(), b), (a, bt.matrixTransposed()),
            (at.matrixTransposed(), bt.matrixTransposed()),
          ] {
            try Self.expect(matmul(left, right), [u, z.map { $0 * total[0] }], "\(m)×\(k)×\(n)")
          }
        }
      }
    }
  }

  @Test(
    "bias and ReLU join small products",
    arguments: [1, 2, 9], [(3, 16), (5, 1), (17, 4), (30, 30), (40, 33)])
  func finishedProducts(m: Int, size: (n: Int, k: Int)) throws {
    let (n, k) = size
    let (x, w, bias) = (Self.numbers(m * k, 5), Self.numbers(k * n, 6), Self.numbers(n, 7))
    let expected = (0..<m * n).map { place in
      let (row, column) = (place / n, place % n)
      return max(0, (0..<k).reduce(bias[column]) { $0 + x[row * k + $1] * w[$1 * n + column] })
    }
    let transposed = (0..<n * k).map { w[$0 % k * n + $0 / k] }
    let plain = compile { [(matmul($0[0], $0[1]) + $0[2]).relu()] }
    let turned = compile { [(matmul($0[0], $0[1].matrixTransposed()) + $0[2]).relu()] }
    for dtype in [DType.float32, .float64] {
      let (a, b) = (
        Tensor(x, shape: [m, k]).converted(to: dtype), Tensor(bias).converted(to: dtype)
      )
      let right = Tensor(w, shape: [k, n]).converted(to: dtype)
      let left = Tensor(transposed, shape: [n, k]).converted(to: dtype)
      try Executors.with(CPUExecutor(CPUConfiguration(threads: 1, usesOneDNN: false))) {
        for result in try plain(a, right, b) + turned(a, left, b) {
          #expect(try result.converted(to: .float32).scalars() == expected, "\(dtype)")
        }
      }
    }
  }

  struct Layer: CustomTestStringConvertible {
    var batch: Int
    var inputs: Int
    var outputs: Int
    var extent: Int
    var kernel: Int
    var stride = 1
    var low = 0
    var high = 0
    var dilation = 1

    var testDescription: String {
      "\(batch) \(extent)×\(extent) \(inputs) → \(outputs), \(kernel) / \(stride), padding \(low) \(high), "
        + "dilation \(dilation)"
    }

    var size: Int { (extent + low + high - (kernel - 1) * dilation - 1) / stride + 1 }

    /// Adds up `f(output, input, tap)` over everything that meets the input.
    func visit(_ f: (Int, Int, Int) -> Void) {
      for output in 0..<size {
        for tap in 0..<kernel {
          let input = output * stride - low + tap * dilation
          if (0..<extent).contains(input) { f(output, input, tap) }
        }
      }
    }
  }

  private static let layers = [
    // Not multiples of 16: those of 3 × 3 go Winograd's way, whose transforms are not exact.
    Layer(batch: 3, inputs: 68, outputs: 72, extent: 17, kernel: 3, low: 1, high: 1),
    Layer(batch: 5, inputs: 40, outputs: 72, extent: 4, kernel: 3, low: 1, high: 1),
    Layer(batch: 2, inputs: 130, outputs: 33, extent: 9, kernel: 3, stride: 2, low: 1, high: 1),
    Layer(batch: 2, inputs: 70, outputs: 65, extent: 12, kernel: 1, stride: 2),
    Layer(batch: 2, inputs: 36, outputs: 48, extent: 11, kernel: 5, low: 4, high: 2, dilation: 2),
    // More zones of padding than are handled one by one: lines are copied.
    Layer(batch: 1, inputs: 34, outputs: 35, extent: 6, kernel: 11, low: 5, high: 5),
    // A line longer than a unit, and pixels that meet nothing but padding.
    Layer(batch: 1, inputs: 33, outputs: 34, extent: 200, kernel: 2, low: 0, high: 1),
    Layer(batch: 1, inputs: 33, outputs: 34, extent: 3, kernel: 2, low: 4, high: 4),
  ]

  @Test("own convolutions leave padding out and nothing else", arguments: layers, [1, 2])
  func convolutions(layer: Layer, threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads, usesOneDNN: false))) {
      let (n, f) = (Self.numbers(layer.batch, 1), Self.numbers(layer.inputs, 2))
      let (dn, df) = (Self.numbers(layer.batch, 3), Self.numbers(layer.outputs, 4))
      let (g, c) = (Self.numbers(layer.outputs, 5), Self.numbers(layer.inputs, 6))
      let xs = [Self.numbers(layer.extent, 7), Self.numbers(layer.extent, 8)]
      let ws = [Self.numbers(layer.kernel, 9), Self.numbers(layer.kernel, 10)]
      let dys = [Self.numbers(layer.size, 11), Self.numbers(layer.size, 12)]
      var ys = Array(repeating: [Float](repeating: 0, count: layer.size), count: 2)
      var dxs = Array(repeating: [Float](repeating: 0, count: layer.extent), count: 2)
      var dws = Array(repeating: [Float](repeating: 0, count: layer.kernel), count: 2)
      for axis in 0..<2 {
        layer.visit { output, input, tap in
          ys[axis][output] += xs[axis][input] * ws[axis][tap]
          dxs[axis][input] += dys[axis][output] * ws[axis][tap]
          dws[axis][tap] += xs[axis][input] * dys[axis][output]
        }
      }
      let (overInputs, overOutputs) = (Self.sum(f, c), Self.sum(g, df))
      let overBatch = Self.sum(n, dn)
      for dtype in [DType.float32, .float64] {
        let x = Self.outer([n, xs[0], xs[1], f]).converted(to: dtype)
        let w = Self.outer([g, c, ws[0], ws[1]]).converted(to: dtype)
        let dy = Self.outer([dn, dys[0], dys[1], df]).converted(to: dtype)
        func result(_ p: [Tensor]) -> Tensor {
          convolution(
            p[0], p[1], stride: [layer.stride],
            padding: .explicit([(layer.low, layer.high), (layer.low, layer.high)]),
            dilation: [layer.dilation])
        }
        try Self.expect(result([x, w]), [n, ys[0], ys[1], g.map { $0 * overInputs }], "forward")
        let slopes = gradients(at: [x, w]) { (result($0) * dy).sum() }
        try Self.expect(
          slopes[0], [dn, dxs[0], dxs[1], c.map { $0 * overOutputs }], "input gradient")
        try Self.expect(
          slopes[1], [df.map { $0 * overBatch }, f, dws[0], dws[1]], "weight gradient")
      }
    }
  }
}
