import Apus
import Testing

/// The examples of the article on optimizers.
@Suite("article: optimizers") struct OptimizersArticle {
  private func network() -> Sequential {
    Sequential {
      Dense(8, activation: .relu)
      Dense(3)
    }
  }

  @Test("options of updates, in a trainer and by hand")
  func options() throws {
    let iris = try Iris.load().dataset
    let (train, test) = try iris.split(test: 0.2, seed: 0)
    let model = network()
    let options = UpdateOptions(
      groups: [
        .vectors(weightDecay: .zero),  // biases and weights of norms
        ParameterGroup("0.**", rate: 0.1),  // a backbone learns more slowly
      ],
      clipping: .globalNorm(1),
      accumulation: 4,  // four batches make an update
      average: .exponential(decay: 0.999, start: .warmUp))
    let trainer = Trainer(
      model, loss: .crossEntropy, optimizer: AdamW(learningRate: 3e-4, weightDecay: 0.05),
      schedule: .cosine(steps: 900).warmedUp(steps: 100), options: options)
    try trainer.fit(train, epochs: 10)
    let figures = try trainer.withAverages { try trainer.evaluate(test) }
    #expect((figures["loss"] ?? .nan).isFinite)

    let x = Tensor.normal([5, 4], key: RandomKey(seed: 2))
    let y = Tensor([0, 1, 2, 1, 0] as [Int32])
    var state = OptimizerState(AdamW(learningRate: 3e-4), for: model, options: options)
    let context = Context(isTraining: true, key: RandomKey(seed: 1))
    let (loss, gradients) = model.valueAndGradients { Loss.crossEntropy(model(x, context), y) }
    try state.update(gradients)
    try context.applyUpdates()
    #expect(try loss.scalar().isFinite)
  }

  @Test("a weight that tells its fans")
  func fans() throws {
    final class Decoder: Layer {
      let weight = Parameter(.heNormal)
      func build(for x: TensorType) throws(Violation) {
        let shape: Shape = [x[-1], 6, 3, 3]
        try weight.allocate(x.dtype, shape, fans: .transposedConvolution(shape))
      }
      func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
    }
    let layer = Decoder()
    try layer.build(TensorType(.float32, [1, 8]), seed: 1)
    #expect(layer.weight.value.shape == [8, 6, 3, 3])
  }
}
