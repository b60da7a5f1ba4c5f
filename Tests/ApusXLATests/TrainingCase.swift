import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTraining

/// A model that tests train on several devices.
struct TrainingCase: Sendable, CustomStringConvertible {
  let description: String
  let batch: Int
  let inputs: @Sendable (_ count: Int) -> Tensor
  let targets: @Sendable (_ count: Int) -> Tensor
  let model: @Sendable () -> any Layer
  let optimizer: any Optimizer

  /// The loss of every batch of a run over four batches, shuffled every epoch.
  func losses(
    steps: Int, device: Device, precision: Precision, model trained: (any Layer)? = nil
  ) throws -> [Double] {
    let count = 4 * batch
    let data = try TensorDataset(inputs: inputs(count), targets: targets(count))
    let trainer = Trainer(
      trained ?? model(), loss: .crossEntropy, optimizer: optimizer, metrics: [.accuracy],
      clipping: .norm(5), seed: 3, precision: precision, device: device)
    var losses: [Double] = []
    var before = 0.0
    let watcher = ClosureCallback(batchEnded: { run in
      let sum = run.loss * Double(run.samples)
      if run.batch == 1 { before = 0 }
      losses.append((sum - before) / Double(self.batch))
      before = sum
      if losses.count == steps { run.stop("enough") }
    })
    try trainer.fit(
      data, epochs: (steps + 3) / 4, batchSize: batch, callbacks: [watcher], progress: .silent)
    return losses
  }

  static let mlp = TrainingCase(
    description: "MLP", batch: 16,
    inputs: { Tensor.normal([$0, 20], key: RandomKey(seed: 1)) },
    targets: { Tensor.randomIntegers([$0], in: 0..<5, key: RandomKey(seed: 2)) },
    model: {
      Sequential {
        Dense(32, activation: .relu)
        Dense(16, activation: .tanh)
        Dense(5)
      }
    },
    optimizer: Adam(learningRate: 0.01))

  static let lenet = TrainingCase(
    description: "LeNet with batch norm and dropout", batch: 8,
    inputs: { Tensor.normal([$0, 12, 12, 1], key: RandomKey(seed: 3)) },
    targets: { Tensor.randomIntegers([$0], in: 0..<10, key: RandomKey(seed: 4)) },
    model: {
      Sequential {
        Conv2D(6, kernel: 5, padding: .symmetric(2))
        BatchNorm()
        Activation.relu
        MaxPool2D(2)
        Conv2D(8, kernel: 3)
        BatchNorm()
        Activation.relu
        AvgPool2D(2)
        Flatten()
        Dropout(0.3)
        Dense(10)
      }
    },
    optimizer: SGD(learningRate: 0.05, momentum: 0.9))

  static let lstm = TrainingCase(
    description: "LSTM", batch: 6,
    inputs: { Tensor.normal([$0, 9, 7], key: RandomKey(seed: 5)) },
    targets: { Tensor.randomIntegers([$0], in: 0..<4, key: RandomKey(seed: 6)) },
    model: {
      Sequential {
        LSTM(12, layers: 2, dropout: 0.2)
        Dense(4)
      }
    },
    optimizer: RMSProp(learningRate: 0.005))

  static let gpt = TrainingCase(
    description: "GPT", batch: 4,
    inputs: { Tensor.randomIntegers([$0, 8], in: 0..<11, key: RandomKey(seed: 7)) },
    targets: { Tensor.randomIntegers([$0, 8], in: 0..<11, key: RandomKey(seed: 8)) },
    model: { SmallGPT() },
    optimizer: AdamW(learningRate: 0.003))

  static let all = [mlp, lenet, lstm, gpt]
}

/// A language model of two blocks.
final class SmallGPT: Layer {
  let gpt: GPTDecoder

  init() {
    gpt = GPTDecoder(
      TransformerOptions(
        width: 16, heads: 2, hidden: 32, dropoutRate: 0.1, activation: .geluTanh),
      vocabulary: 11, positions: 8, layers: 2)
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor { gpt.logits(x, context) }
}
