import ApusCore
import ApusNN
import ApusTestSupport
import Testing

private final class Point: Module {
  let p: Parameter
  init(_ value: Tensor) { p = Parameter(value) }
}

@Suite("optimizers") struct OptimizerTests {
  static let cases =
    ((try? goldens("optimizer")) ?? [])
    + ((try? goldens("optimizer_variants")) ?? [])

  @Test("twenty steps agree with PyTorch in float64", arguments: cases)
  func golden(_ c: GoldenCase) throws {
    guard let optimizer = OptimizerGoldens.make[c.op]?(c) else {
      Issue.record("no optimizer for \(c.op)")
      return
    }
    try TestExecutor.cpu.run {
      // One family gives the gradients, the other the problem.
      if c.inputs.count == 2 {
        try OptimizerGoldens.checkGiven(c, optimizer)
      } else {
        try OptimizerGoldens.checkVariant(c, optimizer)
      }
    }
  }

  @Test("goldens are there") func present() { #expect(Self.cases.count > 100) }

  @Test("settings that are no numbers are refused")
  func settings() {
    let model = Point(Tensor([1.0]))
    var state = OptimizerState(Adam(learningRate: -1), for: model)
    #expect(
      throws: TensorError(
        operation: "Adam", reason: "learningRate -1.0 is not a finite number from 0")
    ) {
      try state.update([Tensor([1.0])])
    }
    var other = OptimizerState(SGD(), for: model)
    #expect(
      throws: TensorError(
        operation: "SGD", reason: "2 gradients for 1 trainable parameters")
    ) {
      try other.update([Tensor([1.0]), Tensor([1.0])])
    }
  }

  @Test("16-bit parameters keep their state in float32")
  func halves() throws {
    try TestExecutor.cpu.run {
      let model = Point(Tensor([1.0, 2.0], dtype: .bfloat16))
      try eval(model.p.value)
      var state = OptimizerState(Adam(learningRate: 0.5), for: model)
      try state.update([Tensor([1.0, -1.0], dtype: .bfloat16)])
      #expect(model.p.value.dtype == .bfloat16)
      try expectClose(model.p.value, [0.5, 2.5])
    }
  }

  @Test("clipping limits elements, norms and the common norm")
  func clipping() throws {
    let gradients = [Tensor([3.0, -4.0]), Tensor([0.0, 12.0])]
    try TestExecutor.cpu.run {
      try expectClose(GradientClipping.value(1)(gradients)[0], [1, -1])
      try expectClose(GradientClipping.norm(1)(gradients)[0], [0.6, -0.8], absolute: 1e-6)
      let all = GradientClipping.globalNorm(6.5)(gradients)
      try expectClose(all[0], [1.5, -2], absolute: 1e-6)
      try expectClose(all[1], [0, 6], absolute: 1e-6)
      try expectClose(GradientClipping.globalNorm(100)(gradients)[1], [0, 12])
    }
  }
}
