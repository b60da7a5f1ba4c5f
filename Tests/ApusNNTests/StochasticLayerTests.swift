import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("layers of chance") struct StochasticLayerTests {
  static let layers: [any Layer] = [
    Dropout(0.3), SpatialDropout(0.3), AlphaDropout(0.3), GaussianNoise(0.5),
    GaussianDropout(0.3), StochasticDepth(0.5), StochasticDepth(0.5, per: .batch), RReLU(),
    DropConnect(7, rate: 0.4), DropConnect(7, rate: 0.4, perSample: false),
  ]

  @Test("the same bits on one and on two threads", arguments: layers.indices)
  func threads(_ index: Int) throws {
    let layer = Self.layers[index]
    let x = Tensor.normal([64, 33, 65], key: RandomKey(seed: 1))
    func run(_ threads: Int) throws -> [UInt8] {
      var settings = CPUConfiguration()
      settings.threads = threads
      return try Executors.with(CPUExecutor(settings)) {
        try layer(x, .training(seed: 9)).bytes()
      }
    }
    #expect(try run(1) == run(2))
  }

  /// What draws besides layers of one input, each as a function of the sequence `x[16, 33, 8]`.
  static let others: [String: @Sendable (Tensor, Context) -> Tensor] = [
    "reparameterization": { x, context in Reparameterization()(x, x, context) },
    "stochastic pooling": { x, context in
      StochasticPool2D(2)(x.abs().reshaped(to: [16, 33, 8, 1]), context)
    },
    "positions": { x, context in SinusoidalPositionalEncoding(dropoutRate: 0.3)(x, context) },
    "pooled dropout": { x, context in
      MaxPool1D(2)(Dropout(0.3)(x, context), context)
    },
    "Gibbs": { x, context in
      RestrictedBoltzmannMachine(5).gibbsSampled(
        (x.reshaped(to: [528, 8]) .> 0).converted(to: .float32), steps: 3, context)
    },
    "recurrent dropout": { x, context in
      LSTM(4, layers: 2, dropout: 0.4, returnsSequences: true)(x, context)
    },
    "dropped attention": { x, context in
      MultiHeadAttention(width: 8, heads: 2, dropoutRate: 0.3)(x, mask: .causal, context)
    },
  ]

  @Test("so do samplers and dropout inside larger layers", arguments: others.keys.sorted())
  func threadsOfOthers(_ name: String) throws {
    let draw = try #require(Self.others[name])
    let x = Tensor.normal([16, 33, 8], key: RandomKey(seed: 1))
    func run(_ threads: Int, seed: Int) throws -> [UInt8] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads, isDeterministic: true))) {
        try draw(x, .training(seed: seed)).bytes()
      }
    }
    let first = try run(1, seed: 9)
    #expect(try run(2, seed: 9) == first)
    #expect(try run(3, seed: 9) == first)
    #expect(try run(1, seed: 10) != first)
  }

  @Test("the same seed draws the same, another seed something else", arguments: layers.indices)
  func seeds(_ index: Int) throws {
    let layer = Self.layers[index]
    try TestExecutor.cpu.run {
      let x = Tensor.normal([64, 5, 65], key: RandomKey(seed: 1))
      let first = try layer(x, .training(seed: 9)).bytes()
      #expect(try layer(x, .training(seed: 9)).bytes() == first)
      let others = try (10..<20).map { try layer(x, .training(seed: $0)).bytes() }
      #expect(others.contains { $0 != first })
    }
  }

  @Test("a batch is dropped whole as often as asked for")
  func batches() throws {
    try TestExecutor.cpu.run {
      let layer = StochasticDepth(0.25, per: .batch)
      let x = Tensor.ones([3, 2])
      let kept = try (0..<800).filter {
        try layer(x, .training(seed: $0)).scalars(as: Double.self)[0] != 0
      }
      let share = Double(kept.count) / 800
      // Five deviations: 5 · √(0.75 · 0.25 / 800).
      #expect(abs(share - 0.75) < 0.0766, "\(share)")
    }
  }

  @Test("random slopes are spread evenly over their range")
  func slopes() throws {
    try TestExecutor.cpu.run {
      let x = Tensor(repeating: -1, shape: [20_000], dtype: .float64)
      let y = RReLU(from: 0.1, to: 0.5)(x, .training(seed: 4))
      let values = try y.scalars(as: Double.self).map { -$0 }
      #expect(values.allSatisfy { $0 >= 0.1 && $0 < 0.5 })
      let (mean, variance) = try moments(y)
      let spread = variance / (0.16 / 12)
      #expect(abs(mean + 0.3) < 0.005 && abs(spread - 1) < 0.04)
      let positive = RReLU()(-x, .training(seed: 4))
      #expect(try positive.scalars(as: Double.self).allSatisfy { $0 == 1 })
    }
  }

  @Test("every activation is found by the name it prints")
  func names() {
    for activation in Activation.all {
      #expect(Activation(named: activation.name) == activation, "\(activation)")
    }
    #expect(Activation(named: "leakyRelu(0.2)") == .leakyRelu(slope: 0.2))
    #expect(Activation(named: "hardTanh(-2, 3)") == .hardTanh(-2...3))
    for wrong in ["", "rel", "relu()", "relu(1)", "hardTanh(3, 2)", "elu(x)", "softmax(0.5)"] {
      #expect(Activation(named: wrong) == nil, "\(wrong)")
    }
  }
}
