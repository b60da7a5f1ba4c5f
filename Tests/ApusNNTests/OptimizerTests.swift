import ApusCore
import ApusNN
import ApusTestSupport
import Testing

private final class Point: Module {
  let p: Parameter
  init(_ value: Tensor) { p = Parameter(value) }
}

@Suite("optimizers") struct OptimizerTests {
  static let known = [
    "sgd", "adam", "adamW", "amsGrad", "adamax", "nadam", "rmsProp", "adaGrad", "adaDelta",
  ]
  static let cases = ((try? goldens("optimizer")) ?? []).filter { known.contains($0.op) }

  private func optimizer(_ c: GoldenCase) -> (any Optimizer)? {
    let (rate, decay) = (c.double("learningRate"), c.double("weightDecay"))
    switch c.op {
    case "sgd":
      return SGD(
        learningRate: rate, momentum: c.double("momentum"), nesterov: c.truth("nesterov"),
        weightDecay: decay)
    case "adam":
      return Adam(
        learningRate: rate, beta1: c.double("beta1"), beta2: c.double("beta2"),
        epsilon: c.double("epsilon"), weightDecay: decay)
    case "adamW":
      return AdamW(
        learningRate: rate, beta1: c.double("beta1"), beta2: c.double("beta2"),
        epsilon: c.double("epsilon"), weightDecay: decay)
    case "amsGrad":
      return AMSGrad(learningRate: rate, weightDecay: decay)
    case "adamax":
      return Adamax(learningRate: rate, weightDecay: decay)
    case "nadam":
      return NAdam(learningRate: rate, weightDecay: decay)
    case "rmsProp":
      return RMSProp(learningRate: rate, weightDecay: decay, momentum: c.double("momentum"))
    case "adaGrad":
      return AdaGrad(learningRate: rate, weightDecay: decay)
    case "adaDelta":
      return AdaDelta(learningRate: rate, weightDecay: decay)
    default: return nil
    }
  }

  @Test("twenty steps agree with PyTorch in float64", arguments: cases)
  func golden(_ c: GoldenCase) throws {
    guard let optimizer = optimizer(c) else {
      Issue.record("no optimizer for \(c.op)")
      return
    }
    try TestExecutor.cpu.run {
      let model = Point(c.inputs[0].tensor)
      var state = OptimizerState(optimizer, for: model)
      let gradients = c.inputs[1].tensor
      let expected = c.outputs[0].values
      let width = c.inputs[0].values.count
      // PyTorch keeps NAdam's product of momenta in float32.
      let tolerance = c.op == "nadam" ? 1e-6 : 1e-9
      for step in 0..<c.int("steps") {
        let g = gradients.sliced(axis: 0, step..<step + 1).squeezed(axes: [0])
        try state.update([g])
        try expectClose(
          model.p.value, Array(expected[step * width..<(step + 1) * width]),
          absolute: tolerance / 100, relative: tolerance)
      }
    }
  }

  @Test("goldens are there") func present() { #expect(!Self.cases.isEmpty) }

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

  @Test("schedules take their values")
  func schedules() {
    #expect(Schedule.constant.factor(at: 99) == 1)
    #expect(Schedule.step(every: 10, gamma: 0.5).factor(at: 25) == 0.25)
    #expect(abs(Schedule.exponential(gamma: 0.9).factor(at: 2) - 0.81) < 1e-15)
    #expect(Schedule.cosine(steps: 100).factor(at: 0) == 1)
    #expect(abs(Schedule.cosine(steps: 100).factor(at: 50) - 0.5) < 1e-15)
    #expect(Schedule.cosine(steps: 100, final: 0.1).factor(at: 500) == 0.1)
    #expect(Schedule.polynomial(steps: 10, power: 2).factor(at: 5) == 0.25)
    let warm = Schedule.constant.warmedUp(steps: 4)
    #expect((0..<5).map(warm.factor) == [0.25, 0.5, 0.75, 1, 1])
  }
}
