import Apus
import Testing

/// The examples of the articles on generative models and on losses.
@Suite("article: generative models and losses") struct GenerativeArticle {
  @Test("auto-encoder, Boltzmann machine, diffusion")
  func generative() throws {
    let encoder = Dense(64, activation: .sigmoid)
    let model = Sequential {
      GaussianNoise(0.3)  // or Dropout(0.3): masking noise
      encoder
      SparsityPenalty(target: 0.05, weight: 0.1)
      TiedDense(encoder, activation: .sigmoid)
    }
    #expect(try model.build(TensorType(.float32, [4, 100]), seed: 1).shape == [4, 100])
    #expect(model.parameterCount == 100 * 64 + 64 + 100)

    let batch = Tensor.bernoulli(0.5, shape: [16, 20], key: RandomKey(seed: 2))
      .converted(to: .float32)
    let machine = RestrictedBoltzmannMachine(64)
    try machine.build(batch.type, seed: 0)
    var state = OptimizerState(SGD(learningRate: 0.1), for: machine)
    let context = Context(isTraining: true, key: RandomKey(seed: 1))
    let (_, gradients) = machine.valueAndGradients {
      machine.contrastiveDivergence(batch, context).loss
    }
    try state.update(gradients)
    #expect(try machine.weight.value.norm().scalar().isFinite)

    let x = Tensor.normal([2, 4], key: RandomKey(seed: 3))
    let t = Tensor([10, 500] as [Int32])
    let (key, next) = (RandomKey(seed: 4), RandomKey(seed: 5))
    let schedule = try NoiseSchedule.cosine(steps: 1000)
    let noise = Tensor.normal(x.shape, key: key)
    let noisy = schedule.diffused(x, to: t, noise: noise)
    // Train a network to find `noise` in `noisy` at `t`; then, from pure noise, step by step:
    let found = noise  // in place of the network's answer
    let before = schedule.denoised(noisy, at: t, noise: found, key: next)
    #expect(try before.norm().scalar().isFinite)
  }

  @Test("one number or many, a critic, a loss of one's own")
  func losses() throws {
    let prediction = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let target = Tensor([1, 0, 3, 3] as [Float], shape: [2, 2])
    let mask = Tensor([true, false])
    let mean = Loss.meanSquaredError(prediction, target)
    let sum = Loss.meanSquaredError.reduced(.sum)(prediction, target)
    let terms = Loss.meanSquaredError.reduced(.none)(prediction, target)
    let samples = Loss.meanSquaredError.perSample(prediction, target)
    #expect(try mean.scalar() == 1.25 && sum.scalar() == 5)
    #expect(try terms.scalars() == [0, 4, 0, 1] && samples.scalars() == [2, 0.5])

    let padded = Loss.meanSquaredError.reduced(.weightedMean)(prediction, target, weights: mask)
    #expect(try padded.scalar() == 2)

    let critic = Dense(1)
    let real = Tensor.normal([8, 3], key: RandomKey(seed: 1))
    let fake = Tensor.normal([8, 3], key: RandomKey(seed: 2))
    let key = RandomKey(seed: 3)
    try critic.build(real.type, seed: 0)
    let (loss, gradients) = critic.valueAndGradients {
      GANLoss.wasserstein.discriminator(real: critic(real), fake: critic(fake))
        + gradientPenalty(real: real, fake: fake, key: key) { critic($0) }
    }
    #expect(try loss.scalar().isFinite && gradients.count == 2)

    let own = Loss("cubed") { prediction, target in
      (prediction - target).abs() * (prediction - target).square()
    }
    #expect(try own(prediction, target).scalar() == 9 / 4)
  }
}
