import ApusCore
import ApusTestSupport
import Testing

@Suite("reductions") struct ReductionTests {
  @Test("values and gradients agree with PyTorch", arguments: TestExecutor.allCases)
  func goldens(on executor: TestExecutor) throws {
    var checked: Set<String> = []
    for golden in try ApusTestSupport.goldens("reduction") {
      guard let function = ReductionTests.functions[golden.op] else { continue }
      checked.insert(golden.op)
      try executor.run { try check(golden) { [function($0[0], golden)] } }
    }
    #expect(checked.count == ReductionTests.functions.count, "checked \(checked.sorted())")
  }

  static let functions: [String: @Sendable (Tensor, GoldenCase) -> Tensor] = [
    "sum": { $0.sum(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "mean": { $0.mean(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "max": { $0.max(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "min": { $0.min(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "prod": { $0.product(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "variance": {
      $0.variance(
        axes: $1.ints("axes"), unbiased: $1.truth("unbiased"),
        keepingAxes: $1.truth("keepingAxes"))
    },
    "std": {
      $0.standardDeviation(
        axes: $1.ints("axes"), unbiased: $1.truth("unbiased"),
        keepingAxes: $1.truth("keepingAxes"))
    },
    "norm": {
      $0.norm(
        $1.double("order"), axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes"))
    },
    "logSumExp": { $0.logSumExp(axes: $1.ints("axes"), keepingAxes: $1.truth("keepingAxes")) },
    "argmax": {
      $0.argmax(axis: $1.int("axis"), keepingAxis: $1.truth("keepingAxis"), dtype: .int64)
        .reshaped(to: Shape($1.outputs[0].shape))
    },
    "argmin": {
      $0.argmin(axis: $1.int("axis"), dtype: .int64).reshaped(to: Shape($1.outputs[0].shape))
    },
    "cumsum": { $0.cumulativeSum(axis: $1.int("axis")) },
  ]

  @Test(
    "gradients agree with central differences, orders 1 and 2", arguments: TestExecutor.allCases)
  func gradients(on executor: TestExecutor) throws {
    try executor.run {
      try checkGradient(of: [[3, 4]], seed: 1) { $0[0].variance(axes: [1]) }
      try checkGradient(of: [[3, 4]], seed: 2) { $0[0].standardDeviation(axes: [0]) }
      try checkGradient(of: [[3, 4]], seed: 3) { $0[0].norm(axes: [1]) }
      try checkGradient(of: [[3, 4]], seed: 4) { $0[0].norm(1) }
      try checkGradient(of: [[3, 4]], seed: 5) { $0[0].norm(.infinity, axes: [1]) }
      try checkGradient(of: [[3, 4]], seed: 6) { $0[0].norm(3, axes: [0]) }
      try checkGradient(of: [[3, 4]], seed: 7) { $0[0].logSumExp(axes: [1]) }
      try checkGradient(of: [[3, 4]], seed: 8) { x in
        x[0].cumulativeSum(axis: 1).square() + x[0].cumulativeSum(axis: 0, exclusive: true)
      }
      try checkGradient(of: [[3, 4]], seed: 9) {
        $0[0].cumulativeSum(axis: 1, exclusive: true, reversed: true).square()
      }
    }
  }

  @Test(
    "norm and standard deviation have gradient zero where they are zero",
    arguments: TestExecutor.allCases)
  func flat(on executor: TestExecutor) throws {
    let x = Tensor([2.0, 2, 2])
    try executor.run {
      try expectClose(gradient(at: x) { $0.standardDeviation() }, [0, 0, 0])
      try expectClose(gradient(at: x - 2) { $0.norm() }, [0, 0, 0])
    }
  }

  @Test("logSumExp neither overflows nor loses infinities", arguments: TestExecutor.allCases)
  func extremes(on executor: TestExecutor) throws {
    try executor.run {
      try expectClose(Tensor([1000.0, 1000]).logSumExp(), [1000 + 0.6931471805599453])
      try expectClose(Tensor([-Double.infinity, -.infinity]).logSumExp(), [-.infinity])
      try expectClose(Tensor([Double.infinity, 1]).logSumExp(), [.infinity])
      try expectClose(
        Tensor([Double](), shape: [2, 0]).logSumExp(axes: [1]), [-.infinity, -.infinity])
    }
  }

  @Test("any and all follow logic, over no elements too", arguments: TestExecutor.allCases)
  func quantifiers(on executor: TestExecutor) throws {
    let x = Tensor([true, false, true, true], shape: [2, 2])
    let none = Tensor([Bool](), shape: [2, 0])
    try executor.run {
      try expectClose(x.any(axes: [1]), [1, 1])
      try expectClose(x.all(axes: [1]), [0, 1])
      try expectClose(none.any(axes: [1]), [0, 0])
      try expectClose(none.all(axes: [1]), [1, 1])
    }
  }

  @Test("the first of equal extremes wins, NaN before any number", arguments: TestExecutor.allCases)
  func ties(on executor: TestExecutor) throws {
    try executor.run {
      try expectClose(Tensor([3.0, 5, 5, 1, 1]).argmax(), [1])
      try expectClose(Tensor([3.0, 5, 5, 1, 1]).argmin(), [3])
      try expectClose(Tensor([3.0, .nan, 5, .nan]).argmax(), [1])
      try expectClose(Tensor([3.0, .nan, 5, .nan]).argmin(), [1])
      try expectClose(Tensor([1.0, 2, 9, 4], shape: [2, 2]).argmax(), [2])
    }
    #expect(standIn(.float32, [2, 3]).argmax(axis: -1).type == TensorType(.int32, [2]))
    #expect(
      standIn(.float32, [2, 3]).argmax(axis: 0, keepingAxis: true, dtype: .int64).type
        == TensorType(.int64, [1, 3]))
  }

  @Test("refusals name the numbers, the operand and the caller")
  func refusals() {
    let x = standIn(.float32, [2, 0])
    expectRefusal(
      x.argmax(axis: 1, file: "App/M.swift", line: 3),
      """
      argmax: axis 1 is empty: there is no argmax
        a: f32[2, 0]
        called at App/M.swift:3
      """)
    expectRefusal(
      x.argmin(axis: 2, file: "App/M.swift", line: 4),
      """
      argmin: axis 2 is out of range for rank 2
        a: f32[2, 0]
        called at App/M.swift:4
      """)
    expectRefusal(
      x.argmax(axis: 0, dtype: .uint8, file: "App/M.swift", line: 5),
      """
      argmax: indices are i32 or i64, not u8
        a: f32[2, 0]
        called at App/M.swift:5
      """)
    expectRefusal(
      x.norm(0, file: "App/M.swift", line: 6),
      """
      norm: order 0.0 is not positive
        a: f32[2, 0]
        called at App/M.swift:6
      """)
    expectRefusal(
      standIn(.int32, [2]).variance(file: "App/M.swift", line: 7),
      """
      variance: needs a floating dtype, not i32
        a: i32[2]
        called at App/M.swift:7
      """)
    expectRefusal(
      x.any(file: "App/M.swift", line: 8),
      """
      any: needs dtype bool, not f32
        a: f32[2, 0]
        called at App/M.swift:8
      """)
    expectRefusal(
      x.cumulativeSum(axis: 5, file: "App/M.swift", line: 9),
      """
      cumulativeSum: axis 5 is out of range for rank 2
        a: f32[2, 0]
        called at App/M.swift:9
      """)
  }
}
