import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

@Suite("products out of loops") struct ScanProductTests {
  /// A loop over `[steps, samples, units]` that multiplies its state by a matrix, twice in two forms.
  private static func loop(_ p: [Tensor], reverse: Bool = false) -> Tensor {
    let result = scan(initial: [p[0]], over: [p[1]], reverse: reverse) { state, x in
      let a = matmul(state[0], p[2].matrixTransposed())
      let b = matmul(state[0] * x[0], p[2])
      let next = (a + b + x[0] + p[3]).tanh()
      return ([next], [next * 2])
    }
    return result.y[0].square().sum() + result.carry[0].sum()
  }

  private static func shapes(_ steps: Int) -> [[Int]] {
    [[2, 6], [steps, 2, 6], [6, 6], [6]]
  }

  @Test("gradients agree with central differences, orders 1 and 2", arguments: [false, true])
  func gradients(reverse: Bool) throws {
    for executor in TestExecutor.allCases {
      try executor.run {
        try checkGradient(of: Self.shapes(3), seed: 8) { Self.loop($0, reverse: reverse) }
      }
    }
  }

  @Test("the gradient of a matrix that every step uses is no product in each step")
  func outside() throws {
    let x = Self.shapes(9).map { standIn(.float32, $0) }
    let slope = ApusCore.gradients(at: x) { Self.loop($0) }[2]
    let graph = try Graph.capture([slope], inputs: x).graph
    let scans = graph.instructions.compactMap { $0.operation as? Scan }
    #expect(scans.count == 2)
    // Backwards a step multiplies twice, to pass the state's gradient on, and carries no matrix.
    let backward = try #require(scans.last)
    let products = backward.body.instructions.filter { $0.operation is MatMul }
    #expect(backward.body.types[..<backward.carryCount].map(\.shape) == [[2, 6], [2, 6]])
    #expect(products.allSatisfy { backward.body.types[$0.firstResult].shape == [2, 6] })
    #expect(graph.instructions.filter { $0.operation is MatMul }.count == 2)
  }

  @Test("small matrices stay in the loop, where keeping factors would take more memory")
  func inside() throws {
    let x = [[32, 2], [9, 32, 2], [2, 2], [2]].map { standIn(.float32, $0) }
    let slope = ApusCore.gradients(at: x) { Self.loop($0) }[2]
    let graph = try Graph.capture([slope], inputs: x).graph
    #expect(!graph.instructions.contains { $0.operation is MatMul })
  }

  @Test("no steps give gradients of zero")
  func empty() throws {
    let p = Self.shapes(0).map { Tensor.ones(Shape($0), dtype: .float64) }
    let slope = ApusCore.gradients(at: p) { Self.loop($0) }[2]
    try expectClose(slope, Array(repeating: 0, count: 36), shape: [6, 6])
  }
}
