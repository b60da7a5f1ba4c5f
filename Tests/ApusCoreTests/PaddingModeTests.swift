import ApusCore
import ApusTestSupport
import Testing

@Suite("padding modes") struct PaddingModeTests {
  /// What NumPy 2's `pad` gives for `[1, 2, 3]`, two elements more at either end.
  static let lines: [(PaddingMode, [Double])] = [
    (.zeros, [0, 0, 1, 2, 3, 0, 0]), (.reflect, [3, 2, 1, 2, 3, 2, 1]),
    (.replicate, [1, 1, 1, 2, 3, 3, 3]), (.circular, [2, 3, 1, 2, 3, 1, 2]),
  ]
  /// And for the numbers 0 to 5 in two rows: a row before, two columns before and one after.
  static let planes: [(PaddingMode, [Double])] = [
    (.zeros, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 4, 5, 0]),
    (.reflect, [5, 4, 3, 4, 5, 4, 2, 1, 0, 1, 2, 1, 5, 4, 3, 4, 5, 4]),
    (.replicate, [0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 2, 2, 3, 3, 3, 4, 5, 5]),
    (.circular, [4, 5, 3, 4, 5, 3, 1, 2, 0, 1, 2, 0, 4, 5, 3, 4, 5, 3]),
  ]

  @Test("values are NumPy's", arguments: TestExecutor.allCases)
  func values(on executor: TestExecutor) throws {
    try executor.run {
      for (mode, expected) in Self.lines {
        let x = Tensor([1.0, 2, 3])
        try expectClose(x.padded(low: [2], high: [2], mode: mode), expected, shape: [7], "\(mode)")
      }
      for (mode, expected) in Self.planes {
        let x = Tensor([0.0, 1, 2, 3, 4, 5], shape: [2, 3])
        let padded = x.padded(low: [1, 2], high: [0, 1], mode: mode)
        try expectClose(padded, expected, shape: [3, 6], "\(mode)")
      }
    }
  }

  @Test("gradients add up where an element was copied to")
  func gradients() throws {
    try TestExecutor.cpu.run {
      for (mode, _) in Self.lines {
        try checkGradient(of: [[2, 3]], order: 2, seed: 5) {
          $0[0].padded(low: [1, 2], high: [1, 0], mode: mode).square()
        }
      }
    }
  }

  @Test("refusals name the axis and the numbers")
  func refusals() {
    expectRefusal(
      standIn(.float32, [2, 1]).padded(
        low: [0, 1], high: [0, 0], mode: .reflect, file: "App/M.swift", line: 2),
      """
      pad: reflect padding (1, 0) does not fit axis 1 with extent 1
        a: f32[2, 1]
        called at App/M.swift:2
      """)
    TestExecutor.cpu.run {
      var bad = BadInput()
      for mode in PaddingMode.allCases {
        for size in BadInput.sizes {
          for x in BadInput.few {
            let zero = x.tensor.shape.dims.map { _ in 0 }
            let low = x.tensor.rank == 0 ? [] : [size] + zero.dropFirst()
            bad.call("padded \(mode) \(size)", [x]) {
              [$0[0].padded(low: low, high: zero, mode: mode)]
            }
          }
        }
        for x in BadInput.operands {
          bad.call("padded ranks \(mode)", [x]) {
            [$0[0].padded(low: [1], high: [1, 1], mode: mode)]
          }
        }
      }
      #expect(bad.refusals > 200)
      print("bad input: padding modes: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
