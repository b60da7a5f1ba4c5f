import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// A layer whose gradient rule forgets a factor.
private final class Wrong: Layer {
  let inner = Dense(3, inputs: 2)
  let scale = Parameter(Tensor([0.5, 0.25, 2]))
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    withCustomGradient([inner(x), scale.value]) {
      [$0[0] * $0[1]]
    } pullback: { dy in
      [dy[0], Tensor.zeros([3], dtype: .float64)]
    }[0]
  }
}

@Suite("gradients of models against central differences") struct GradientCheckTests {
  private let x = BadInput.filled([4, 2], .float64) * 0.25

  @Test("right models agree, in training with chance too")
  func right() throws {
    try TestExecutor.cpu.run {
      let model = Sequential {
        Dense(5, activation: .tanh)
        BatchNorm()
        Dropout(0.3)
        Recompute(LayerNorm())
        Dense(2)
      }
      try model.build(x.type, seed: 3)
      let check = try model.checkGradients {
        model(x, Context(isTraining: true, key: RandomKey(seed: 1))).square().mean()
      }
      #expect(check.passed, "\(check)")
      #expect(check.comparedCount == model.parameterCount)
      try model.setTrainable(false, matching: "0.*")
      let rest = try model.checkGradients { model(x).sigmoid() }
      #expect(rest.passed && rest.comparedCount == model.trainableParameterCount, "\(rest)")
      let some = try model.checkGradients(matching: "4.weight", sampleLimit: 3) { model(x) }
      #expect(some.passed && some.comparedCount == 3)
      #expect(some.worst?.point == "4.weight")
    }
  }

  @Test("a wrong rule is found, under the path of the parameter")
  func wrong() throws {
    try TestExecutor.cpu.run {
      let model = Sequential { Wrong() }
      try model.build(x.type, seed: 3)
      let check = try model.checkGradients { model(x).exp() }
      #expect(!check.passed && check.failureCount >= 9)
      let scale = try model.checkGradients(matching: "**.scale") { model(x).exp() }
      #expect(scale.worst?.point == "0.scale" && scale.worst?.derived == 0)
      #expect("\(scale)".contains("3 differ"))
    }
  }

  @Test("bad input gives errors")
  func bad() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let model = Dense(2)
      bad.attempt("unbuilt") { _ = try model.checkGradients { model(x) } }
      _ = model(x)
      for operand in BadInput.operands {
        bad.attempt("loss \(operand.name)") {
          _ = try model.checkGradients {
            operand.tensor.error != nil ? operand.tensor : model(x[0..<0])
          }
        }
        bad.attempt("layer \(operand.name)") {
          _ = try model.checkGradients {
            model(operand.tensor.count < 1 << 20 ? operand.tensor : x)
          }
        }
        bad.attempt("summary \(operand.name)") {
          _ = try Sequential { Dense(3) }.summary(for: operand.tensor.type)
          _ = try Sequential { Dense(3) }.summary(operand.tensor.shape)
        }
      }
      for size in BadInput.sizes {
        bad.attempt("limit \(size)") {
          _ = try model.checkGradients(sampleLimit: size) { model(x) }
        }
        bad.attempt("summary \(size)") { _ = try Dense(size).summary([size, size]) }
        bad.attempt("depth \(size)") { _ = try Dense(2).summary([1, 2]).limited(toDepth: size) }
      }
      for pattern in ["", ".", "**.", "*", "nothing", "weight.*"] as [PathPattern] {
        bad.attempt("pattern \(pattern)") {
          _ = try model.checkGradients(matching: pattern) { model(x) }
        }
        bad.attempt("freeze \(pattern)") { try model.setTrainable(true, matching: pattern) }
        bad.attempt("fix \(pattern)") { try model.fixStatistics(matching: pattern) }
      }
      #expect(bad.refusals > 40)
      print("bad input: checks, summaries, selection: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
