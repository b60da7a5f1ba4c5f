import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// The examples of the article on losses and of the doc comments, as they are written there.
@Suite("losses: examples") struct LossExampleTests {
  @Test("one number or many")
  func reductions() throws {
    let prediction = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let target = Tensor([1, 0, 3, 3] as [Float], shape: [2, 2])
    let mask = Tensor([true, false])
    let mean = Loss.meanSquaredError(prediction, target)
    let sum = Loss.meanSquaredError.reduced(.sum)(prediction, target)
    let terms = Loss.meanSquaredError.reduced(.none)(prediction, target)
    let samples = Loss.meanSquaredError.perSample(prediction, target)
    let padded = Loss.meanSquaredError.reduced(.weightedMean)(prediction, target, weights: mask)
    let own = Loss("cubed") { prediction, target in
      (prediction - target).abs() * (prediction - target).square()
    }
    try TestExecutor.cpu.run {
      try expectClose(mean, [1.25])
      try expectClose(sum, [5])
      try expectClose(terms, [0, 4, 0, 1])
      try expectClose(samples, [2, 0.5])
      try expectClose(padded, [2])
      try expectClose(own(prediction, target), [9.0 / 4])
    }
  }

  @Test("a critic with gradient penalty, and the other sides of a game")
  func critic() throws {
    let critic = Dense(1)
    let real = Tensor.normal([8, 3], key: RandomKey(seed: 1))
    let fake = Tensor.normal([8, 3], key: RandomKey(seed: 2))
    let key = RandomKey(seed: 3)
    try TestExecutor.cpu.run {
      try critic.build(real.type, seed: 0)
      let (loss, gradients) = critic.valueAndGradients {
        GANLoss.wasserstein.discriminator(real: critic(real), fake: critic(fake))
          + gradientPenalty(real: real, fake: fake, key: key) { critic($0) }
      }
      // A linear critic has the same slope everywhere: the length of its weight.
      let weight = try critic.weight.value.scalars(as: Double.self)
      let length = weight.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let distance = try (critic(fake).mean() - critic(real).mean()).scalar(as: Double.self)
      try expectClose(loss, [distance + 10 * (length - 1) * (length - 1)], relative: 1e-4)
      #expect(gradients.count == 2)
      let gan = GANLoss.nonSaturating
      let d = gan.discriminator(real: critic(real), fake: critic(fake.stoppingGradient()))
      let g = gan.generator(fake: critic(fake))
      #expect(try d.scalar().isFinite && g.scalar().isFinite)
    }
  }

  @Test("an auto-encoder's loss in one call, or as a penalty beside a loss")
  func vae() throws {
    let logits = Tensor.normal([4, 6], key: RandomKey(seed: 1))
    let x = logits.sigmoid()
    let mean = Tensor.normal([4, 2], key: RandomKey(seed: 2))
    let logVariance = Tensor.normal([4, 2], key: RandomKey(seed: 3))
    let vae = VAELoss(reconstruction: .halfSumSquaredError)
    let loss = vae(logits, x, mean: mean, logVariance: logVariance)
    let context = Context(isTraining: true)
    context.penalize(klToStandardNormal(mean: mean, logVariance: logVariance).mean())
    let rest = Loss.halfSumSquaredError(logits, x)
    try TestExecutor.cpu.run {
      let penalty = try #require(context.penalty).scalar(as: Double.self)
      let total = try rest.scalar(as: Double.self) + penalty
      try expectClose(loss, [total], relative: 1e-5)
    }
  }

  @Test("letters read from steps")
  func ctc() throws {
    let model = Dense(5)
    let x = Tensor.normal([2, 9, 4], key: RandomKey(seed: 4))
    let targets = Tensor([1, 2, 0, 3, 3, 4] as [Int32], shape: [2, 3])
    let steps = Tensor([9, 7] as [Int32])
    let letters = Tensor([2, 3] as [Int32])
    let ctc = CTCLoss()
    let loss = ctc(model(x), targets, inputLengths: steps, targetLengths: letters)
    #expect(try TestExecutor.cpu.run { try loss.scalar() } > 0)
  }
}
