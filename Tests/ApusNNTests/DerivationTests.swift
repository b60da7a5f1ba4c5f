import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// A user's own rule: the logarithm of a positive weight is trained.
private final class Positive: Derivation {
  let log = Parameter()
  func start(from weight: Tensor) throws(Violation) { try log.allocate(weight.abs().log()) }
  func value(_ context: Context) -> Tensor { log.value.exp() }
}

private final class Wrong: Derivation {
  let half = Parameter()
  func start(from weight: Tensor) throws(Violation) {
    try half.allocate(weight.sliced(axis: 0, 0..<1))
  }
  func value(_ context: Context) -> Tensor { half.value }
}

@Suite("derived parameters") struct DerivationTests {
  private let x = Tensor.normal([4, 3], dtype: .float64, key: RandomKey(seed: 1))

  @Test(
    "parts take the weight's place under its name; the first values are those it would have had")
  func names() throws {
    try TestExecutor.cpu.run {
      let plain = Sequential {
        Dense(5)
        Dense(2)
      }
      let model = Sequential {
        Dense(5).deriving(\.weight, by: WeightNorm())
        Dense(2).deriving(\.weight, by: SpectralNorm())
      }
      try plain.build(x.type, seed: 3)
      try model.build(x.type, seed: 3)
      #expect(
        model.parameters.map(\.path) == [
          "0.weight_g", "0.weight_v", "0.bias", "1.weight_orig", "1.bias",
        ])
      #expect(model.buffers.map(\.path) == ["1.weight_u", "1.weight_v"])
      #expect(model.parameterCount == 5 + 15 + 5 + 10 + 2)
      let summary = try model.summary(for: x.type)
      #expect(summary.parameterCount == 37 && summary.rows[0].parameters == 25)
      let direction = try #require(model.parameters.first { $0.path == "0.weight_v" })
      let weight = try #require(plain.parameters.first { $0.path == "0.weight" })
      try expectClose(
        direction.parameter.value, weight.parameter.value.scalars(as: Double.self))
      // A derived weight starts as the plain one.
      let (first, derived) = (try #require(plain[0]), try #require(model[0]))
      let expected = try first(x).scalars(as: Double.self)
      try expectClose(derived(x), expected)
    }
  }

  @Test("two layers of one shape start differently")
  func draws() throws {
    try TestExecutor.cpu.run {
      let model = Sequential {
        for _ in 0..<2 { Dense(3).deriving(\.weight, by: WeightNorm()) }
      }
      try model.build(x.type, seed: 3)
      let values = try model.parameters.filter { $0.path.hasSuffix("_v") }.map {
        try $0.parameter.value.scalars(as: Double.self)
      }
      #expect(values.count == 2 && values[0] != values[1])
    }
  }

  @Test("training moves length and direction, and the weight keeps the length asked for")
  func training() throws {
    try TestExecutor.cpu.run {
      let layer = Dense(2).deriving(\.weight, by: WeightNorm())
      try layer.build(x.type, seed: 1)
      var state = OptimizerState(SGD(learningRate: 0.1), for: layer)
      var losses: [Double] = []
      for _ in 0..<40 {
        let (loss, gradients) = layer.valueAndGradients { (layer(x) - 1).square().mean() }
        #expect(gradients.count == 3)
        losses.append(try loss.scalar(as: Double.self))
        try state.update(gradients)
      }
      #expect(losses[39] < losses[0] * 0.7)
      let g = try #require(layer.parameters.first { $0.path == "weight_g" })
      try expectClose(
        layer.weight.value.norm(axes: [1]), g.parameter.value.scalars(as: Double.self))
    }
  }

  @Test("tied layers read one derived weight, listed once")
  func tied() throws {
    try TestExecutor.cpu.run {
      let encoder = Dense(2).deriving(\.weight, by: WeightNorm())
      let model = Sequential([encoder, TiedDense(encoder)])
      try model.build(x.type, seed: 2)
      #expect(model.parameters.map(\.path) == ["0.weight_g", "0.weight_v", "0.bias", "1.bias"])
      let w = encoder.weight.value
      let expected = matmul(matmul(x, w.matrixTransposed()), w)
      try expectClose(model(x), expected.scalars(as: Double.self))
    }
  }

  @Test("power iteration comes to the largest singular value; inference leaves the vectors alone")
  func spectral() throws {
    try TestExecutor.cpu.run {
      let rule = SpectralNorm()
      let layer = Dense(3).deriving(\.weight, by: rule)
      try layer.build(x.type, seed: 1)
      // A diagonal matrix: its largest singular value is 4.
      try rule.original.assign(
        Tensor([4.0, 0, 0, 0, -2, 0, 0, 0, 1], shape: [3, 3]))
      for _ in 0..<60 {
        let context = Context(isTraining: true)
        _ = layer(x, context)
        #expect(context.updates.count == 2)
        try context.applyUpdates()
      }
      try expectClose(layer.weight.value, [1, 0, 0, 0, -0.5, 0, 0, 0, 0.25], absolute: 1e-9)
      let before = try rule.u.value.scalars(as: Double.self)
      let calm = Context(isTraining: false)
      _ = layer(x, calm)
      #expect(calm.updates.isEmpty)
      #expect(try rule.u.value.scalars(as: Double.self) == before)
      // Two calls in one step, as of a critic on real and false data, go on from each other.
      let twice = Context(isTraining: true)
      _ = layer(x, twice)
      _ = layer(x, twice)
      #expect(twice.updates.count == 2)
    }
  }

  @Test("freezing, restoring and replacing a rule; one's own rule")
  func rules() throws {
    try TestExecutor.cpu.run {
      let layer = Dense(2).deriving(\.weight, by: Positive())
      try layer.build(x.type, seed: 2)
      #expect(layer.parameters.map(\.path) == ["weight_log", "bias"])
      let values = try layer.weight.value.scalars(as: Double.self)
      #expect(values.allSatisfy { $0 > 0 })
      layer.weight.isTrainable = false
      #expect(layer.parameters.map(\.parameter.isTrainable) == [false, true])
      #expect(!layer.weight.isTrainable)
      layer.weight.isTrainable = true
      #expect(throws: TensorError.self) { try layer.weight.assign(Tensor.zeros([2, 3])) }
      layer.weight.derive(by: WeightNorm())
      #expect(layer.parameters.map(\.path) == ["weight_g", "weight_v", "bias"])
      try expectClose(layer.weight.value, values)
      try layer.weight.restore()
      #expect(layer.parameters.map(\.path) == ["weight", "bias"])
      try expectClose(layer.weight.value, values)
      try layer.weight.assign(Tensor.zeros([2, 3], dtype: .float64))
    }
  }

  @Test("values loaded before the first input stay; a rule of another shape is refused")
  func loading() throws {
    try TestExecutor.cpu.run {
      let layer = Dense(2).deriving(\.weight, by: WeightNorm())
      let parts = Dictionary(
        layer.parameters.map { ($0.path, $0.parameter) }, uniquingKeysWith: { a, _ in a })
      try parts["weight_g"]?.assign(Tensor([2.0, 3], shape: [2, 1]))
      try parts["weight_v"]?.assign(Tensor([1.0, 0, 0, 0, 0, 5], shape: [2, 3]))
      _ = layer(x)
      try expectClose(layer.weight.value, [2, 0, 0, 0, 0, 3])
      let wrong = Dense(2).deriving(\.weight, by: Wrong())
      let error = try #require(wrong(x, file: "App/Main.swift", line: 4).error)
      #expect(error.reason == "gives f64[1, 3] for a parameter that is f64[2, 3]")
      #expect(error.site == CallSite(file: "App/Main.swift", line: 4))
      let flat = Dense(2).deriving(\.weight, by: WeightNorm(axis: 5))
      #expect(flat(x).error?.reason == "axis 5 is out of range for rank 2")
    }
  }
}
