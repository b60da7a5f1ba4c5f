import ApusCore
import ApusTestSupport
import Testing

@Suite("Jacobian, Hessian, gradient checker") struct JacobianTests {
  @Test("a wide and a tall function", arguments: TestExecutor.allCases)
  func jacobian(on executor: TestExecutor) throws {
    try executor.run {
      let x = Tensor([0.3, -0.5, 0.8])
      let w = Tensor((0..<12).map { Double($0) * 0.1 - 0.5 }, shape: [3, 4])
      func function(_ x: Tensor) -> Tensor {
        matmul(x.expanded(at: 0), w).tanh().reshaped(to: [2, 2])
      }
      // ∂ tanh(xw)ᵢ / ∂xⱼ = (1 - tanh²(xw)ᵢ) wⱼᵢ
      let y = function(x).reshaped(to: [4, 1])
      let expected = (1 - y * y) * w.matrixTransposed()
      let tall = ApusCore.jacobian(at: x, of: function)
      #expect(tall.shape == [2, 2, 3])
      try expectClose(tall, expected.scalars(as: Double.self))
      let wide = ApusCore.jacobian(at: x) { function($0).reshaped(to: [4])[1..<3] }
      try expectClose(wide, expected[1..<3].scalars(as: Double.self), shape: [2, 3])
      try expectClose(ApusCore.jacobian(at: x) { $0.sum() }, [1, 1, 1], shape: [3])
      try expectClose(
        ApusCore.jacobian(at: Tensor(2.0, dtype: .float64)) { $0 * Tensor([1.0, 2]) }, [1, 2],
        shape: [2])
      try expectClose(
        ApusCore.jacobian(at: x) { _ in w[0] }, Array(repeating: 0, count: 12), shape: [4, 3])
    }
  }

  @Test("the Hessian of Rosenbrock's function is its formula", arguments: TestExecutor.allCases)
  func hessian(on executor: TestExecutor) throws {
    try executor.run {
      let (a, b) = (0.7, -0.4)
      let found = ApusCore.hessian(at: Tensor([a, b])) { p in
        let (x, y) = (p[0], p[1])
        return (1 - x).square() + 100 * (y - x.square()).square()
      }
      try expectClose(
        found, [2 - 400 * (b - 3 * a * a), -400 * a, -400 * a, 200], shape: [2, 2], relative: 1e-12)
      let constant = ApusCore.hessian(at: Tensor([1.0, 2])) { $0.sum() }
      try expectClose(constant, [0, 0, 0, 0], shape: [2, 2])
    }
  }

  @Test("a Jacobian can be differentiated, and its plan does not grow with it")
  func composed() throws {
    try TestExecutor.cpu.run {
      try checkGradient(of: [[3]], order: 2, seed: 4) { x in
        ApusCore.jacobian(at: x[0]) { ($0 * $0.sum()).exp() }
      }
    }
    func operations(_ count: Int) throws -> Int {
      try graph(
        of: { [ApusCore.jacobian(at: $0[0]) { $0.tanh() }] }, on: [TensorType(.float32, [count])]
      ).instructions.count
    }
    #expect(try operations(4) == operations(400))
  }

  @Test("Jᵀ·u agrees with the Jacobian", arguments: TestExecutor.allCases)
  func transposed(on executor: TestExecutor) throws {
    try executor.run {
      let (x, u) = (Tensor([0.3, -0.5]), Tensor([2.0, -1, 0.5]))
      func function(_ x: Tensor) -> Tensor { concatenated([x.exp(), x.sum().expanded(at: 0)]) }
      let (values, gradients) = vectorJacobianProduct(at: [x], weights: [u]) { [function($0[0])] }
      try expectClose(values[0], function(x).scalars(as: Double.self))
      let product = matmul(u.expanded(at: 0), ApusCore.jacobian(at: x, of: function))
      try expectClose(gradients[0], product.scalars(as: Double.self))
      expectRefusal(
        vectorJacobianProduct(at: [x], weights: [x], file: "App/M.swift", line: 8) {
          [function($0[0])]
        }.gradients[0],
        """
        vectorJacobianProduct: has weights [f64[2]] for results [f64[3]]
          called at App/M.swift:8
        """)
    }
  }

  @Test("stopped gradients and custom rules", arguments: TestExecutor.allCases)
  func rules(on executor: TestExecutor) throws {
    try executor.run {
      let x = Tensor([1.0, 2])
      try expectClose(gradient(at: x) { ($0 * $0.stoppingGradient()).sum() }, [1, 2])
      let clipped = gradient(at: x) { x in
        withCustomGradient([x]) {
          [$0[0].square()]
        } pullback: {
          [$0[0].clamped(to: -0.5...0.5)]
        }[0].sum()
      }
      try expectClose(clipped, [0.5, 0.5])
    }
  }

  @Test("the checker agrees with right gradients in both precisions")
  func right() throws {
    try TestExecutor.cpu.run {
      for dtype in [DType.float64, .float32] {
        let x = BadInput.filled([3, 4], dtype) * 0.3
        let w = BadInput.filled([4, 2], dtype) * 0.2
        let check = try checkGradients(at: [x, w]) { matmul($0[0].sigmoid(), $0[1]).tanh() }
        #expect(check.passed, "\(check)")
        #expect(check.comparedCount == 20)
        let few = try checkGradients(at: [x, w], sampleLimit: 5) { matmul($0[0], $0[1]).exp() }
        #expect(few.passed && few.comparedCount <= 10, "\(few)")
      }
    }
  }

  @Test("the checker names the worst element of a wrong gradient, with both values")
  func wrong() throws {
    try TestExecutor.cpu.run {
      let x = Tensor([1.0, 2, 3, 4], shape: [2, 2])
      let check = try checkGradients(at: [x], names: ["weight"]) { x in
        withCustomGradient([x[0]]) {
          [$0[0].square()]
        } pullback: {
          // The factor 2x is right but for the last element.
          [$0[0] * Tensor([2.0, 4, 6, 7], shape: [2, 2])]
        }[0].sum()
      }
      #expect(!check.passed && check.failureCount == 1 && check.comparedCount == 4)
      #expect(check.worst?.index == [1, 1] && check.worst?.derived == 7)
      #expect(abs((check.worst?.numerical ?? 0) - 8) < 1e-6)
      #expect(
        "\(check)".hasPrefix(
          """
          gradients: 4 elements compared, 1 differ
            worst: weight[1, 1] derived 7.0, numerical 8.0
          """.prefix(70)))
      let broken = try checkGradients(at: [Tensor([0.0])]) { ($0[0].sqrt() * 0).sum() }
      #expect(!broken.passed)
    }
  }

  @Test("bad input gives errors")
  func bad() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for x in BadInput.operands where x.tensor.error != nil || x.tensor.count < 100 {
        bad.call("jacobian", [x]) { [ApusCore.jacobian(at: $0[0]) { $0.tanh() }] }
        bad.call("jacobian of indices", [x]) {
          [ApusCore.jacobian(at: $0[0]) { $0.converted(to: .int32) }]
        }
        bad.call("hessian", [x]) { [ApusCore.hessian(at: $0[0]) { $0.tanh().sum() }] }
        bad.call("hessian of no scalar", [x]) { [ApusCore.hessian(at: $0[0]) { $0 }] }
        for y in BadInput.few where y.tensor.error != nil || y.tensor.count < 100 {
          bad.call("vectorJacobianProduct", [x, y]) {
            vectorJacobianProduct(at: [$0[0]], weights: [$0[1]]) { [$0[0].sum()] }.gradients
          }
        }
        bad.attempt("checkGradients \(x.name)") {
          _ = try checkGradients(at: [x.tensor]) { $0[0].tanh() }
        }
      }
      for x in BadInput.operands where x.tensor.error == nil && x.tensor.count > 1 << 21 {
        bad.call("vast", [x]) { [ApusCore.jacobian(at: $0[0]) { $0 + 1 }] }
      }
      bad.call("no weights") { _ in
        vectorJacobianProduct(at: [Tensor([1.0])], weights: []) { $0 }.gradients
      }
      for number in BadInput.numbers {
        bad.attempt("checkGradients step \(number)") {
          _ = try checkGradients(at: [Tensor([1.0])], step: number) { $0[0].sum() }
        }
        bad.attempt("checkGradients tolerance \(number)") {
          _ = try checkGradients(at: [Tensor([1.0])], tolerance: number) { $0[0].sum() }
        }
      }
      for size in BadInput.sizes {
        bad.attempt("checkGradients limit \(size)") {
          _ = try checkGradients(at: [Tensor([1.0, 2])], sampleLimit: size) { $0[0].sum() }
        }
      }
      #expect(bad.refusals > 200)
      print("bad input: Jacobians and checks: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
