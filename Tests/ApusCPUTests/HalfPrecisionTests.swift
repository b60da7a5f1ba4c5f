import ApusCore
import ApusTestSupport
import Testing

@testable import ApusCPU

/// Kernels on 16-bit floats against those on doubles, from the same, already rounded numbers.
@Suite("16-bit kernels") struct HalfPrecisionTests {
  /// Numbers that 16 bits hold, as doubles.
  private func draw(_ dims: [Int], _ dtype: DType, seed: UInt64) -> Tensor {
    var random = SplitMix(state: seed)
    let values = (0..<dims.reduce(1, *)).map { _ in
      let value = Float.random(in: -1..<1, using: &random)
      return dtype == .float16 ? Double(Float16(value)) : Double(BFloat16(value).float)
    }
    return Tensor(values, shape: Shape(dims))
  }

  /// Expects results in 16 bits within a rounding of those in doubles, plus what rounding some of the
  /// `terms` that were added up in 32 bits leaves of the largest.
  private func check(
    _ shapes: [[Int]], _ dtype: DType = .bfloat16, roundings: Double = 1, threads: Int = 1,
    usesOneDNN: Bool? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ function: ([Tensor]) -> [Tensor]
  ) throws {
    let inputs = shapes.enumerated().map { draw($1, dtype, seed: UInt64($0) + 1) }
    let expected = try Executors.with(CPUExecutor(CPUConfiguration(threads: 1))) {
      try function(inputs).map { try $0.scalars(as: Double.self) }
    }
    let configuration = CPUConfiguration(threads: threads, usesOneDNN: usesOneDNN)
    try Executors.with(CPUExecutor(configuration)) {
      let results = function(inputs.map { $0.converted(to: dtype) })
      try eval(results)
      for (index, (result, wanted)) in zip(results, expected).enumerated() {
        let step = result.dtype == .float32 ? 1e-6 : dtype == .float16 ? 0x1p-11 : 0x1p-8
        let largest = wanted.reduce(0) { max($0, abs($1)) }
        expectClose(
          try result.scalars(as: Double.self), wanted, absolute: 2e-6 * largest,
          relative: roundings * step, "result \(index)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(
    "convolutions and their gradients round once",
    arguments: [
      ([4, 9, 9, 16], [32, 16, 3, 3], 1, 1), ([2, 8, 8, 3], [16, 3, 3, 3], 1, 1),
      ([2, 7, 9, 32], [48, 32, 1, 1], 2, 1), ([2, 8, 8, 32], [32, 1, 3, 3], 1, 32),
      ([2, 6, 6, 5], [7, 5, 3, 3], 2, 1),
    ], [DType.bfloat16, .float16])
  func convolutions(_ c: (x: [Int], w: [Int], stride: Int, groups: Int), _ dtype: DType) throws {
    func y(_ x: Tensor, _ w: Tensor) -> Tensor {
      convolution(x, w, stride: [c.stride], padding: .same, groups: c.groups)
    }
    let shape = y(Tensor.zeros(Shape(c.x)), Tensor.zeros(Shape(c.w))).shape
    for usesOneDNN in [true, false] {
      try check([c.x, c.w, shape.dims], dtype, usesOneDNN: usesOneDNN) { t in
        let result = y(t[0], t[1])
        let slopes = vectorJacobianProduct(
          of: [result], cotangents: [t[2]], withRespectTo: [t[0], t[1]])
        return [result] + slopes.compactMap { $0 }
      }
    }
  }

  @Test("gradients of weights that go on in 32 bits are not rounded to 16")
  func sums() throws {
    try check([[4, 8, 8, 16], [16, 16, 3, 3], [4, 8, 8, 16], [64, 32], [64, 48]]) { t in
      let y = convolution(t[0], t[1], padding: .same)
      let dw = vectorJacobianProduct(of: [y], cotangents: [t[2]], withRespectTo: [t[1]])
      let product = matmul(t[3].matrixTransposed(), t[4])
      return ([product] + dw.compactMap { $0 }).map {
        $0.dtype == .float64 ? $0 : $0.converted(to: .float32)
      }
    }
  }

  @Test(
    "products round once, whatever the operands' strides", arguments: [DType.bfloat16, .float16])
  func products(_ dtype: DType) throws {
    let cases: [([[Int]], ([Tensor]) -> Tensor)] = [
      ([[33, 70], [70, 45]], { matmul($0[0], $0[1]) }),
      ([[70, 33], [45, 70]], { matmul($0[0].matrixTransposed(), $0[1].matrixTransposed()) }),
      ([[5, 33, 70], [70, 45]], { matmul($0[0], $0[1]) }),
      ([[3, 2, 17, 64], [2, 64, 29]], { matmul($0[0], $0[1]) }),
      (
        [[4, 16, 3, 32], [4, 16, 3, 32]],
        {
          matmul(
            $0[0].transposed(permutation: [0, 2, 1, 3]),
            $0[1].transposed(permutation: [0, 2, 3, 1]))
        }
      ),
      ([[1, 300], [300, 200]], { matmul($0[0], $0[1]) }),
      (
        [[64, 128], [64, 80]],
        { x in
          // Every other column: neither rows nor columns are adjacent.
          matmul(x[0].sliced(axis: 1, 0..<128, stride: 2), x[1])
        }
      ),
      ([[2, 3], [3, 2]], { matmul($0[0], $0[1]) }),
    ]
    for (shapes, function) in cases {
      for threads in [1, 2] { try check(shapes, dtype, threads: threads) { [function($0)] } }
    }
  }

  @Test(
    "batch norms and what follows them compute in 32 bits", arguments: [DType.bfloat16, .float16])
  func batchNorms(_ dtype: DType) throws {
    for shape in [[6, 5, 5, 24], [40, 7], [2, 9, 9, 64]] {
      let channels = [shape[shape.count - 1]]
      try check([shape, channels, channels, shape], dtype) { t in
        let norm = t[0].batchNormalized(gamma: t[1], beta: t[2])
        let slopes = vectorJacobianProduct(
          of: [norm.result], cotangents: [t[3]], withRespectTo: Array(t[..<3]))
        return [norm.result, norm.mean, norm.variance] + slopes.compactMap { $0 }
      }
      // Scales and statistics of 32 bits are not rounded to 16.
      try check([shape, channels, channels, shape], dtype) { t in
        let wide = t.map { $0.dtype == .float64 ? $0 : $0.converted(to: .float32) }
        let norm = t[0].batchNormalized(gamma: wide[1], beta: wide[2])
        return [(norm.result + t[3]).relu(), norm.mean, norm.variance]
      }
    }
  }

  @Test("the library's kernels count where the processor multiplies their elements")
  func instructions() {
    let bf16 = OneDNN.Element.bfloat16
    for name in [
      "brgconv:avx512_core_bf16", "brg_fwd:avx512_core_bf16+brgconv:avx512_core_bf16",
      "jit_bf16:avx512_core_bf16", "brgconv:avx512_core_amx", "brg:avx512_core_fp16",
    ] {
      #expect(bf16.isMultiplied(by: name), "\(name)")
    }
    // Emulated, or a loop over single elements.
    for name in ["jit_bf16:avx512_core", "brgconv:avx2", "gemm:jit", "ref:any", ""] {
      #expect(!bf16.isMultiplied(by: name), "\(name)")
    }
    #expect(OneDNN.Element.float32.isMultiplied(by: "brgconv:avx2"))
    #expect(!OneDNN.Element.float16.isMultiplied(by: "brgconv:avx512_core_bf16"))
  }
}
