import ApusCore
import ApusTestSupport
import Testing

@Suite("activations") struct ActivationTests {
  static let functions: [String: @Sendable (Tensor, GoldenCase) -> Tensor] = [
    "gelu": { x, _ in x.gelu() }, "geluTanh": { x, _ in x.geluTanh() },
    "silu": { x, _ in x.silu() }, "mish": { x, _ in x.mish() },
    "elu": { x, golden in x.elu(alpha: golden.double("alpha")) }, "selu": { x, _ in x.selu() },
    "leakyRelu": { x, golden in x.leakyRelu(slope: golden.double("slope")) },
    "relu6": { x, _ in x.relu6() }, "hardSigmoid": { x, _ in x.hardSigmoid() },
    "softsign": { x, _ in x.softsign() },
  ]

  @Test("values and gradients agree with PyTorch", arguments: functions.keys.sorted())
  func values(_ name: String) throws {
    let function = try #require(Self.functions[name])
    // PyTorch multiplies the gradient of the hard sigmoid by ⅙ as a float32.
    let relative = name == "hardSigmoid" ? 1e-7 : 1e-9
    for golden in try goldens("elementwise", op: name) {
      try checkGolden(golden, relative: relative) { [function($0[0], golden)] }
    }
  }

  @Test("special values agree with PyTorch", arguments: functions.keys.sorted())
  func special(_ name: String) throws {
    let function = try #require(Self.functions[name])
    let hasLimit = ["gelu", "geluTanh", "silu"].contains(name)
    for golden in try goldens("special", op: name) {
      // At -∞ PyTorch gives -∞ · 0, which is NaN; the limit is 0.
      let expected = zip(golden.inputs[0].values, golden.outputs[0].values).map { x, y in
        hasLimit && x == -.infinity ? 0 : y
      }
      try onExecutors {
        let y = function(golden.inputs[0].tensor, golden)
        try expectClose(y, expected, absolute: 1e-11, relative: 1e-9, "\(golden)")
      }
    }
  }

  @Test("gradient agrees with central differences at both orders")
  func gradient() throws {
    let smooth: [(Tensor) -> Tensor] = [
      { $0.gelu() }, { $0.geluTanh() }, { $0.silu() }, { $0.mish() }, { $0.elu(alpha: 0.7) },
      { $0.selu() }, { $0.leakyRelu(slope: 0.2) }, { $0.relu6() }, { $0.hardSigmoid() },
      { $0.hardSwish() }, { $0.softsign() },
    ]
    for (index, function) in smooth.enumerated() {
      try expectGradient(of: [[3, 4]], in: -4..<8, seed: UInt64(index + 1)) { function($0[0]) }
    }
  }

  @Test("the step takes no gradient, and integers are refused")
  func step() throws {
    let x = Tensor([-1.0, 0, 2], shape: [3])
    try onExecutors {
      let dx = ApusCore.gradient(at: x) { ($0.step() * $0).sum() }
      try expectClose(x.step(), [0, 0, 1])
      try expectClose(dx, [0, 0, 1])
    }
    #expect(standIn(.int32, [2]).relu6().error?.reason == "needs a floating dtype, not i32")
    #expect(standIn(.int32, [2]).gelu().error?.reason == "needs a floating dtype, not i32")
  }
}
