import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

@Suite("losses of second order") struct GradientPenaltyTests {
  private final class Critic: Layer {
    let hidden = Dense(6, activation: .tanh)
    let output = Dense(1)
    func forward(_ x: Tensor, _ context: Context) -> Tensor { output(hidden(x)) }
  }

  @Test("the gradient of a critic's parameters agrees with central differences")
  func parameters() throws {
    let key = RandomKey(seed: 8)
    let real = Tensor.normal([5, 3], dtype: .float64, key: RandomKey(seed: 1))
    let fake = Tensor.normal([5, 3], dtype: .float64, key: RandomKey(seed: 2))
    try TestExecutor.cpu.run {
      try checkGradient(of: [[3, 4], [4], [4, 1]], seed: 5, tolerance: 1e-6) { p in
        func critic(_ x: Tensor) -> Tensor { matmul((matmul(x, p[0]) + p[1]).tanh(), p[2]) }
        return GANLoss.wasserstein.discriminator(real: critic(real), fake: critic(fake))
          + gradientPenalty(real: real, fake: fake, key: key, critic: critic)
      }
    }
  }

  @Test("a critic that is a layer, stepped against its penalty, comes to slopes near 1")
  func trains() throws {
    let critic = Critic()
    let real = Tensor.normal([64, 2], key: RandomKey(seed: 1))
    let fake = Tensor.normal([64, 2], mean: 3, key: RandomKey(seed: 2))
    try TestExecutor.cpu.run {
      try critic.build(real.type, seed: 4)
      var penalties: [Float] = []
      for step in 0..<60 {
        let key = RandomKey(seed: 3).folding(in: step)
        let (penalty, gradients) = critic.valueAndGradients {
          gradientPenalty(real: real, fake: fake, key: key) { critic($0) }
        }
        penalties.append(try penalty.scalar())
        for (parameter, slope) in zip(critic.parameters, gradients) {
          try parameter.parameter.assign(parameter.parameter.value - slope * 0.05)
        }
      }
      #expect(penalties[59] < penalties[0] * 0.2, "\(penalties)")
    }
  }

  @Test("points lie between the pairs, the same for the same key")
  func points() throws {
    let real = Tensor.ones([200, 2], dtype: .float64)
    let fake = Tensor.zeros([200, 2], dtype: .float64)
    // The slope of ½·Σ x² is x itself, so that the penalty tells ‖x̂‖ = ε·√2.
    func penalty(_ seed: Int) throws -> Double {
      try gradientPenalty(real: real, fake: fake, weight: 1, key: RandomKey(seed: seed)) {
        $0.square() * 0.5
      }.scalar(as: Double.self)
    }
    try TestExecutor.cpu.run {
      // The mean of (√2·u - 1)² over u in 0…1 is 5/3 - √2.
      let expected = 5.0 / 3 - 2.0.squareRoot()
      let values = try (0..<20).map(penalty)
      #expect(abs(values.reduce(0, +) / 20 - expected) < 0.02)
      #expect(try penalty(3) == penalty(3))
      #expect(values[3] != values[4])
    }
  }

  @Test(
    "losses agree with central differences at both orders",
    arguments: [
      Loss.binaryCrossEntropy, .binaryCrossEntropy(positiveWeights: [2]), .binaryFocal(),
      .logCosh, .meanSquaredError, .rootMeanSquaredError, .klDivergence(isLogTarget: true),
      .poisson(), .cosineDistance, .dice(), .jaccard(), .tversky(), .squaredHinge,
    ])
  func orders(_ loss: Loss) throws {
    let target = Tensor([0.5, 0.25, 0.75, 1, 0, 0.125], shape: [2, 3])
    try TestExecutor.cpu.run {
      try checkGradient(of: [[2, 3]], in: 0.1..<0.9, seed: 3, tolerance: 2e-6) {
        loss($0[0], target)
      }
    }
  }

  @Test("losses of several inputs agree with central differences at both orders")
  func several() throws {
    let target = Tensor([0.5, 0.25, 0.75, 1, 0, 0.125], shape: [2, 3])
    try TestExecutor.cpu.run {
      try checkGradient(of: [[2, 3], [2, 4], [2, 4]], seed: 6, tolerance: 2e-6) {
        VAELoss(beta: 2)($0[0], target, mean: $0[1], logVariance: $0[2])
      }
      try checkGradient(of: [[2, 3], [2, 3], [2, 3]], seed: 7, tolerance: 2e-6) {
        TripletMarginLoss(margin: 5)(anchor: $0[0], positive: $0[1], negative: $0[2])
      }
      try checkGradient(of: [[3, 3], [3, 3]], seed: 8, tolerance: 2e-6) {
        InfoNCELoss(temperature: 0.5, isSymmetric: true)(queries: $0[0], keys: $0[1])
      }
      for gan in [GANLoss.minimax, .leastSquares, .wasserstein] {
        try checkGradient(of: [[3, 2], [3, 2]], seed: 9, tolerance: 2e-6) {
          gan.discriminator(real: $0[0], fake: $0[1]) + gan.generator(fake: $0[1])
        }
      }
    }
  }
}
