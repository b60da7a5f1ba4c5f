import ApusCore
import ApusTestSupport
import Testing

@Suite("elementwise operations") struct ElementwiseTests {
  @Test("values and gradients agree with PyTorch", arguments: TestExecutor.allCases)
  func goldens(on executor: TestExecutor) throws {
    var checked: Set<String> = []
    for golden in try ApusTestSupport.goldens("elementwise") {
      guard let function = ElementwiseTests.function(golden.op) else { continue }
      checked.insert(golden.op)
      try executor.run { try check(golden) { [function($0)] } }
    }
    let expected = Set(ElementwiseTests.unary.keys).union(ElementwiseTests.binary.keys)
    #expect(checked == expected)
  }

  @Test("infinities, NaN and ends of domains agree with PyTorch", arguments: TestExecutor.allCases)
  func special(on executor: TestExecutor) throws {
    try executor.run { try expectClose(Tensor([Double.nan]).sign(), [.nan]) }
    // The sign of NaN is NaN, as StableHLO says; PyTorch gives 0.
    for golden in try ApusTestSupport.goldens("special") where golden.op != "sign" {
      guard let function = ElementwiseTests.function(golden.op) else { continue }
      try executor.run { try check(golden) { [function($0)] } }
    }
  }

  /// The function of an operation's name, if the operation is one of the core.
  static func function(_ name: String) -> (([Tensor]) -> Tensor)? {
    if let function = unary[name] { return { function($0[0]) } }
    return binary[name]
  }

  static let unary: [String: @Sendable (Tensor) -> Tensor] = [
    "neg": { -$0 }, "abs": { $0.abs() }, "sign": { $0.sign() }, "exp": { $0.exp() },
    "expm1": { $0.expm1() }, "log": { $0.log() }, "log1p": { $0.log1p() }, "sqrt": { $0.sqrt() },
    "rsqrt": { $0.rsqrt() }, "reciprocal": { $0.reciprocal() }, "sin": { $0.sin() },
    "cos": { $0.cos() }, "tan": { $0.tan() }, "asin": { $0.asin() }, "acos": { $0.acos() },
    "atan": { $0.atan() }, "sinh": { $0.sinh() }, "cosh": { $0.cosh() }, "tanh": { $0.tanh() },
    "asinh": { $0.asinh() }, "acosh": { $0.acosh() }, "atanh": { $0.atanh() },
    "sigmoid": { $0.sigmoid() }, "erf": { $0.erf() }, "floor": { $0.floor() },
    "ceil": { $0.ceil() }, "round": { $0.rounded() }, "square": { $0.square() },
    "relu": { $0.relu() }, "softplus": { $0.softplus() },
  ]

  static let binary: [String: @Sendable ([Tensor]) -> Tensor] = [
    "add": { $0[0] + $0[1] }, "subtract": { $0[0] - $0[1] }, "multiply": { $0[0] * $0[1] },
    "divide": { $0[0] / $0[1] }, "power": { pow($0[0], $0[1]) },
    "maximum": { maximum($0[0], $0[1]) }, "minimum": { minimum($0[0], $0[1]) },
    "atan2": { atan2($0[0], $0[1]) }, "truncatedRemainder": { $0[0] % $0[1] },
  ]
}
