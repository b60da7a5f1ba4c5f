import ApusCore
import ApusTestSupport
import Testing

@Suite("directional derivatives, numerical gradient, clipping") struct DifferentiationTests {
  @Test("J·v of x² y is 2xy·v₁ + x²·v₂", arguments: TestExecutor.allCases)
  func jacobian(on executor: TestExecutor) throws {
    let (x, y) = (Tensor([1.0, 2]), Tensor([3.0, 5]))
    try executor.run {
      let result = jacobianVectorProduct(
        at: [x, y], along: [Tensor([1.0, -1]), Tensor([0.5, 2])]
      ) { [$0[0] * $0[0] * $0[1], $0[1].sum()] }
      try expectClose(result.values[0], [3, 20])
      try expectClose(result.derivatives[0], [6.5, -12])
      try expectClose(result.derivatives[1], [2.5])
    }
  }

  @Test("H·v of Σ x³ is 6x·v", arguments: TestExecutor.allCases)
  func hessian(on executor: TestExecutor) throws {
    try executor.run {
      let product = hessianVectorProduct(at: [Tensor([1.0, -2])], along: [Tensor([1.0, 3])]) {
        ($0[0] * $0[0] * $0[0]).sum()
      }
      try expectClose(product[0], [6, -36])
    }
  }

  @Test("the numerical gradient of a quadratic is exact up to rounding")
  func numerical() throws {
    try TestExecutor.reference.run {
      let x = Tensor([1.0, -2, 0.5])
      let slopes = try numericalGradient(at: x) { ($0 * $0 * 3).sum() }
      try expectClose(slopes, [6, -12, 3], absolute: 1e-8)
      #expect(throws: TensorError.self) { try numericalGradient(at: x) { $0 } }
    }
  }

  @Test("clipping limits values and norms and leaves small ones alone")
  func clipping() throws {
    let (a, b) = (Tensor([3.0, 0]), Tensor([0.0, -4]))
    try TestExecutor.reference.run {
      try expectClose(b.clipped(byValue: 1), [0, -1])
      try expectClose(a.clipped(byNorm: 1.5), [1.5, 0])
      try expectClose(a.clipped(byNorm: 5), [3, 0])
      let (clipped, norm) = clippedByGlobalNorm([a, b], 1)
      try expectClose(norm, [5])
      try expectClose(clipped[0], [0.6, 0])
      try expectClose(clipped[1], [0, -0.8])
      try expectClose(clippedByGlobalNorm([a * 0], 1).clipped[0], [0, 0])
    }
  }

  @Test("refusals name the types")
  func refusals() {
    let x = standIn(.float32, [2])
    let product = hessianVectorProduct(
      at: [x], along: [standIn(.float32, [3])], file: "App/M.swift", line: 1
    ) { $0[0].sum() }
    expectRefusal(
      product[0],
      """
      hessianVectorProduct: direction 0 is not of the type of its point
        point: f32[2]
        direction: f32[3]
        called at App/M.swift:1
      """)
    expectRefusal(
      clippedByGlobalNorm([x], 0, file: "App/M.swift", line: 2).norm,
      """
      clip: the limit 0.0 is not positive
        a: f32[2]
        called at App/M.swift:2
      """)
  }
}
