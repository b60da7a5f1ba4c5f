import ApusCore
import ApusTestSupport
import Testing

@Suite("scan") struct ScanTests {
  /// A recurrent cell: `h ← tanh(x·w + h·u)`, elementwise, with the state as result.
  static func recurrent(
    _ x: Tensor, _ h: Tensor, _ w: Tensor, _ u: Tensor, reverse: Bool = false
  ) -> (carry: [Tensor], y: [Tensor]) {
    scan(initial: [h], over: [x], reverse: reverse) { carry, x in
      let next = (x[0] * w + carry[0] * u).tanh()
      return ([next], [next * x[0]])
    }
  }

  /// The same without scan.
  static func unrolled(
    _ x: Tensor, _ h: Tensor, _ w: Tensor, _ u: Tensor, reverse: Bool = false
  ) -> (carry: Tensor, y: Tensor) {
    var h = h
    var y: [Tensor] = []
    let steps = Array(0..<x.shape.dims[0])
    for t in reverse ? steps.reversed() : steps {
      h = (x[t] * w + h * u).tanh()
      y.append(h * x[t])
    }
    return (h, stacked(reverse ? y.reversed() : y))
  }

  static let x = Tensor((0..<8).map { Double($0) / 5 - 0.7 }, shape: [4, 2])
  static let h = Tensor([0.3, -0.2])
  static let w = Tensor([0.5, 1.5])
  static let u = Tensor([-0.8, 0.9])

  @Test("equals the unrolled loop", arguments: TestExecutor.allCases, [false, true])
  func values(on executor: TestExecutor, reverse: Bool) throws {
    try executor.run {
      let loop = ScanTests.recurrent(
        ScanTests.x, ScanTests.h, ScanTests.w, ScanTests.u, reverse: reverse)
      let flat = ScanTests.unrolled(
        ScanTests.x, ScanTests.h, ScanTests.w, ScanTests.u, reverse: reverse)
      try expectClose(loop.carry[0], try flat.carry.scalars(as: Double.self), shape: [2])
      try expectClose(loop.y[0], try flat.y.scalars(as: Double.self), shape: [4, 2])
    }
  }

  @Test(
    "gradients agree with central differences, orders 1 and 2", arguments: TestExecutor.allCases)
  func gradients(on executor: TestExecutor) throws {
    try executor.run {
      for reverse in [false, true] {
        try checkGradient(of: [[4, 2], [2], [2], [2]], seed: 5) { p in
          let loop = ScanTests.recurrent(p[0], p[1], p[2], p[3], reverse: reverse)
          return loop.carry[0].square().sum() + loop.y[0].square().sum()
        }
      }
    }
  }

  @Test("the gradient reaches tensors computed outside the body", arguments: TestExecutor.allCases)
  func outerValues(on executor: TestExecutor) throws {
    try executor.run {
      try checkGradient(of: [[2], [3, 2]], seed: 6) { p in
        let outer = p[0].exp()
        let loop = scan(initial: [p[0]], over: [p[1]]) { carry, x in
          let inner = scan(initial: [carry[0]], length: 2) { state, _ in
            ([state[0] * outer.sin() + x[0]], [])
          }
          return ([inner.carry[0]], [outer * x[0]])
        }
        return loop.carry[0] + loop.y[0].sum(axes: [0])
      }
    }
  }

  @Test("integer state counts and takes no gradient", arguments: TestExecutor.allCases)
  func integers(on executor: TestExecutor) throws {
    try executor.run {
      let loop = scan(initial: [Tensor(integer: 3, dtype: .int32)], length: 4) { carry, _ in
        ([carry[0] + 1], [carry[0]])
      }
      try expectClose(loop.carry[0], [7], shape: [])
      try expectClose(loop.y[0], [3, 4, 5, 6], shape: [4])
      let slope = gradient(at: Tensor([2.0])) { x in
        let product = scan(initial: [Tensor(integer: 1), x], length: 3) { carry, _ in
          ([carry[0] + 1, carry[1] * carry[0].converted(to: .float64)], [])
        }
        return product.carry[1].sum()
      }
      try expectClose(slope, [6])
    }
  }

  @Test("no steps leave the state as it was", arguments: TestExecutor.allCases)
  func empty(on executor: TestExecutor) throws {
    try executor.run {
      let none = Tensor([Double](), shape: [0, 2])
      let loop = ScanTests.recurrent(none, ScanTests.h, ScanTests.w, ScanTests.u)
      try expectClose(loop.carry[0], [0.3, -0.2])
      #expect(loop.y[0].shape == [0, 2])
      let slope = gradient(at: ScanTests.h) {
        ScanTests.recurrent(none, $0, ScanTests.w, ScanTests.u).carry[0].square().sum()
      }
      try expectClose(slope, [0.6, -0.4])
    }
  }

  @Test("refusals name the state, the lengths and the caller")
  func refusals() {
    let (h, x) = (standIn(.float32, [2]), standIn(.float32, [4, 2]))
    expectRefusal(
      scan(initial: [h], over: [x], file: "App/M.swift", line: 1) { carry, _ in
        ([carry[0].sum()], [])
      }.carry[0],
      """
      scan: the body changes carry 0 from f32[2] to f32[]
        a: f32[2]
        b: f32[4, 2]
        called at App/M.swift:1
      """)
    expectRefusal(
      scan(initial: [h], over: [x], file: "App/M.swift", line: 2) { _, _ in ([], []) }.carry[0],
      """
      scan: the body returns 0 carries, was given 1
        a: f32[2]
        b: f32[4, 2]
        called at App/M.swift:2
      """)
    let uneven = scan(
      initial: [], over: [x, standIn(.float32, [3])], file: "App/M.swift", line: 3
    ) { _, x in ([], [x[0], x[1]]) }
    #expect(uneven.y.count == 2)
    expectRefusal(
      uneven.y[1],
      """
      scan: sequences differ in length: sequence 0 has 4, sequence 1 has 3
        a: f32[4, 2]
        b: f32[3]
        called at App/M.swift:3
      """)
    expectRefusal(
      scan(initial: [h], file: "App/M.swift", line: 4) { carry, _ in (carry, []) }.carry[0],
      """
      scan: needs a length: there are no sequences
        a: f32[2]
        called at App/M.swift:4
      """)
    expectRefusal(
      scan(initial: [h], over: [x], length: 5, file: "App/M.swift", line: 5) { carry, _ in
        (carry, [])
      }.carry[0],
      """
      scan: length is 5, sequences have 4 elements
        a: f32[2]
        b: f32[4, 2]
        called at App/M.swift:5
      """)
  }
}
