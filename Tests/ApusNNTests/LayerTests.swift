import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("layers") struct LayerTests {
  @Test("batch norm: batch statistics, running ones as PyTorch keeps them")
  func batchNorm() throws {
    try TestExecutor.cpu.run {
      let norm = BatchNorm()
      let x = Tensor([1.0, 10, 2, 20, 3, 30, 6, 60], shape: [4, 2])
      let context = Context(isTraining: true)
      let y = norm(x, context)
      let variance = 3.5
      let narrow = (variance + 1e-5).squareRoot()
      let wide = (100 * variance + 1e-5).squareRoot()
      var expected: [Double] = []
      for d in [-2.0, -1, 0, 3] { expected += [d / narrow, 10 * d / wide] }
      try expectClose(y, expected)
      try context.applyUpdates()
      let mean = try #require(norm.runningMean)
      let spread = try #require(norm.runningVariance)
      try expectClose(mean.value, [0.3, 3])
      let unbiased = variance * 4 / 3
      try expectClose(
        spread.value, [0.9 + 0.1 * unbiased, 0.9 + 0.1 * 100 * unbiased])
      let calm = norm(x)
      let scale = (0.9 + 0.1 * unbiased + 1e-5).squareRoot()
      let first = try calm.scalars(as: Double.self)[0]
      #expect(abs(first - (1 - 0.3) / scale) < 1e-12)
    }
  }

  @Test("channels first gives the same as channels last")
  func layouts() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.normal([2, 5, 6, 3], dtype: .float64, key: RandomKey(seed: 1))
      let first = x.transposed(permutation: [0, 3, 1, 2])
      let a = Conv2D(4, kernel: 3, activation: .relu)
      let b = Conv2D(4, kernel: 3, activation: .relu, layout: .channelsFirst)
      let y = try a(x).transposed(permutation: [0, 3, 1, 2]).scalars(as: Double.self)
      _ = b(first)
      try b.weight.assign(a.weight.value)
      try expectClose(b(first), y)
      let pooled = try MaxPool2D(2)(x).transposed(permutation: [0, 3, 1, 2])
        .scalars(as: Double.self)
      try expectClose(MaxPool2D(2, layout: .channelsFirst)(first), pooled)
    }
  }

  @Test("dropout keeps the expected share in training and everything in inference")
  func dropout() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.ones([10_000])
      let context = Context(isTraining: true, key: RandomKey(seed: 5))
      let y = try Dropout(0.25)(x, context).scalars(as: Double.self)
      let kept = y.filter { $0 != 0 }
      #expect(abs(Double(kept.count) / 10_000 - 0.75) < 0.02)
      #expect(kept.allSatisfy { abs($0 - 1 / 0.75) < 1e-6 })
      let calm = try Dropout(0.25)(x).scalars(as: Double.self)
      #expect(calm.allSatisfy { $0 == 1 })
    }
  }

  @Test("two dropouts of one call draw different numbers")
  func keys() throws {
    try TestExecutor.cpu.run {
      let model = Sequential {
        Dropout(0.5)
        Dropout(0.5)
      }
      let context = Context(isTraining: true, key: RandomKey(seed: 5))
      let y = try model(Tensor.ones([4096]), context).scalars(as: Double.self)
      #expect(abs(Double(y.filter { $0 != 0 }.count) / 4096 - 0.25) < 0.04)
    }
  }

  @Test("initial values depend on seed and path, not on the order of layers")
  func initialValues() throws {
    try TestExecutor.cpu.run {
      func weights(_ model: Sequential, _ seed: UInt64) throws -> [Double] {
        try model.build(TensorType(.float64, [1, 6]), seed: seed)
        let last = try #require(model.parameters.first { $0.path == "1.weight" })
        return try last.parameter.value.scalars(as: Double.self)
      }
      let a = try weights(
        Sequential {
          Dense(6)
          Dense(5)
        }, 1)
      let b = try weights(
        Sequential {
          Activation.relu
          Dense(5)
        }, 1)
      let c = try weights(
        Sequential {
          Dense(6)
          Dense(5)
        }, 2)
      #expect(a == b)
      #expect(a != c)
    }
  }

  @Test("initializers have the variance they promise")
  func variances() throws {
    let type = TensorType(.float64, [64, 32, 3, 3])
    let fanIn = 32.0 * 9
    let fanOut = 64.0 * 9
    let expected: [(Initializer, Double)] = [
      (.glorotNormal, 2 / (fanIn + fanOut)), (.glorotUniform, 2 / (fanIn + fanOut)),
      (.heNormal, 2 / fanIn), (.heUniform, 2 / fanIn), (.leCunNormal, 1 / fanIn),
      (.leCunUniform, 1 / fanIn), (.normal(deviation: 0.3), 0.09), (.uniform(-1...1), 1.0 / 3),
      (.truncatedNormal(deviation: 1), 0.774),
    ]
    try TestExecutor.cpu.run {
      for (initializer, variance) in expected {
        let values = try initializer.values(type, seed: 3, path: "w").scalars(as: Double.self)
        let found = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(found / variance - 1) < 0.05, "\(initializer)")
      }
      try expectClose(
        Initializer.constant(2).values(TensorType(.float32, [2]), seed: 0, path: ""), [2, 2])
    }
  }

  @Test("hand-written training works without the trainer")
  func handWritten() throws {
    try TestExecutor.cpu.run {
      let model = Sequential {
        Dense(8, activation: .tanh)
        Dense(1)
      }
      let x = Tensor([-1.0, -0.5, 0, 0.5, 1], shape: [5, 1])
      let y = x - 0.5
      try model.build(x.type, seed: 4)
      var state = OptimizerState(Adam(learningRate: 0.05), for: model)
      var losses: [Double] = []
      let held = model.parameters[0].parameter.value
      let before = try held.scalars(as: Double.self)
      for _ in 0..<60 {
        let (loss, gradients) = model.valueAndGradients { Loss.meanSquaredError(model(x), y) }
        try state.update(gradients)
        losses.append(try loss.scalar(as: Double.self))
      }
      #expect(losses[59] < losses[0] / 10)
      #expect(try held.scalars(as: Double.self) == before)
    }
  }
}
