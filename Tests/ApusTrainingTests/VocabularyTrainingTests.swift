import ApusCore
import ApusData
import ApusInterop
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

/// Attention of a sequence to itself, as a layer of one's own.
private final class SelfAttention: Layer {
  let attention = MultiHeadAttention(width: 4, heads: 2, dropoutRate: 0.1)
  func forward(_ x: Tensor, _ context: Context) -> Tensor { attention(x, mask: .causal, context) }
}

/// A small model of each family with what it trains on.
struct TrainedModel: Sendable, CustomTestStringConvertible {
  let name: String
  /// The shape of a sample; features of `blobs` fill it.
  let sample: [Int]
  var isTokens = false
  let make: @Sendable () -> Sequential
  var testDescription: String { name }

  /// 24 samples with a class each.
  func data() throws -> TensorDataset {
    let (points, y) = try blobs(24)
    let count = sample.reduce(1, *)
    var x = points
    while x.shape[1] < count { x = concatenated([x, x * 0.5], axis: 1) }
    x = x.sliced(axis: 1, 0..<count).reshaped(to: Shape([24] + sample))
    if isTokens { x = (x.abs() * 3).clamped(to: 0...6).converted(to: .int32) }
    return try TensorDataset(inputs: x, targets: y)
  }

  static let all: [TrainedModel] = normalized + sequences + stochastic + wrapped

  private static let normalized = [
    TrainedModel(name: "batch norm", sample: [4]) {
      Sequential {
        Dense(6, activation: .tanh)
        BatchNorm()
        BatchNorm(momentum: nil)
        Dense(3)
      }
    },
    TrainedModel(name: "weight and spectral norm", sample: [4]) {
      Sequential {
        Dense(6, activation: .tanh).deriving(\.weight, by: WeightNorm())
        Dense(6, activation: .tanh).deriving(\.weight, by: SpectralNorm())
        Dense(3)
      }
    },
    TrainedModel(name: "convolutions", sample: [4, 4, 2]) {
      Sequential {
        Conv2D(4, kernel: 3, padding: .same).deriving(\.weight, by: SpectralNorm())
        GroupNorm(2)
        DepthwiseConv2D(kernel: 3)
        InstanceNorm(tracksRunningStatistics: true)
        ConvTranspose2D(2, kernel: 2, stride: 2)
        Flatten()
        Dense(3)
      }
    },
  ]

  private static let sequences = [
    TrainedModel(name: "LSTM", sample: [5, 2]) {
      Sequential {
        LSTM(4, layers: 2, bidirectional: .concatenate, dropout: 0.1, returnsSequences: true)
        LSTM(3, peepholes: true)
        Dense(3)
      }
    },
    TrainedModel(name: "GRU of tokens", sample: [5], isTokens: true) {
      Sequential {
        Embedding(7, width: 4)
        GRU(4, returnsSequences: true)
        RNN(3)
        Dense(3)
      }
    },
    TrainedModel(name: "stateful LSTM", sample: [5, 2]) {
      Sequential {
        LSTM(4, stateful: true)
        Dense(3)
      }
    },
    TrainedModel(name: "Transformer encoder", sample: [5], isTokens: true) {
      Sequential {
        Embedding(7, width: 4)
        SinusoidalPositionalEncoding(dropoutRate: 0.1)
        TransformerEncoder(TransformerOptions(width: 4, heads: 2, hidden: 6), layers: 2)
        SelfAttention()
        GlobalAvgPool1D()
        Dense(3)
      }
    },
  ]

  private static let stochastic = [
    TrainedModel(name: "dropout family", sample: [4]) {
      Sequential {
        DropConnect(6, rate: 0.2, activation: .selu)
        AlphaDropout(0.1)
        GaussianNoise(0.1)
        GaussianDropout(0.1)
        Residual {
          Dense(6)
          StochasticDepth(0.3)
        }
        Dense(3)
      }
    },
    TrainedModel(name: "penalties", sample: [4]) {
      Sequential {
        Dense(6, activation: .sigmoid)
        SparsityPenalty()
        ActivityPenalty(l1: 0.01, l2: 0.01)
        Dense(3)
      }
    },
  ]

  private static let wrapped = [
    TrainedModel(name: "recomputed", sample: [4]) {
      Sequential {
        Recompute {
          Dense(6, activation: .tanh).deriving(\.weight, by: SpectralNorm())
          Dropout(0.2)
          BatchNorm()
          ActivityPenalty(l2: 0.01)
        }
        Dense(3)
      }
    }
  ]
}

@Suite("layers in the trainer") struct VocabularyTrainingTests {
  private let scratch = Scratch()

  private static let options = UpdateOptions(
    groups: [.vectors(rate: 0.5, weightDecay: .zero)], clipping: .globalNorm(1), accumulation: 2,
    average: .exponential(decay: 0.8, start: .warmUp, isValidated: true))

  private func trainer(_ model: Sequential, _ precision: Precision) -> Trainer {
    Trainer(
      model, loss: .crossEntropy, optimizer: AdamW(learningRate: 0.02), metrics: [.accuracy],
      options: Self.options, seed: 3, precision: precision)
  }

  private func bits(_ model: some Module) throws -> [String: [UInt8]] {
    Dictionary(
      try model.namedTensors().map { ($0.name, try $0.tensor.bytes()) },
      uniquingKeysWith: { a, _ in a }
    )
  }

  @Test(
    "every family trains, resumes with the same bits and comes back from a file",
    arguments: TrainedModel.all, Precision.allCases)
  func family(_ family: TrainedModel, _ precision: Precision) throws {
    struct Interrupted: Error {}
    try TestExecutor.cpu.run {
      let data = try family.data()
      func fit(
        _ trainer: Trainer, _ callbacks: [any Callback] = [], from path: String? = nil
      ) throws -> History {
        try trainer.fit(
          DataLoader(data, batchSize: 8, shuffleSeed: 3), epochs: 2,
          validation: DataLoader(data, batchSize: 8), callbacks: callbacks, progress: .silent,
          resumingFrom: path)
      }
      let whole = trainer(family.make(), precision)
      let history = try fit(whole)
      for loss in history["loss"] + history["val_loss"] { #expect(loss.isFinite) }
      let expected = try bits(whole.model)
      for stop in [1, 2, 4] {
        let path = scratch.file("checkpoint\(stop)")
        var batches = 0
        #expect(throws: Interrupted.self) {
          try fit(
            trainer(family.make(), precision),
            [
              ClosureCallback(batchEnded: { run in
                batches += 1
                guard batches == stop else { return }
                try run.saveCheckpoint(to: path)
                throw Interrupted()
              })
            ])
        }
        let second = trainer(family.make(), precision)
        let resumed = try fit(second, from: path)
        #expect(try bits(second.model) == expected, "stopped after batch \(stop)")
        #expect(resumed.epochs.map(\.values) == history.epochs.map(\.values))
      }
      try comesBack(whole, family.make(), data, precision)
    }
  }

  @Test(
    "running statistics keep the precision of float32 under mixed precision")
  func statistics() throws {
    try TestExecutor.cpu.run {
      // 100 batches of 1, then 300 of 2: steps of bfloat16 are too large to come from 1 to 1.75.
      let x = (Tensor.iota([1600, 1], axis: 0, dtype: .int32) .>= 400).converted(to: .float32) + 1
      let model = Sequential {
        BatchNorm(momentum: nil)
        Dense(1)
      }
      try Trainer(
        model, loss: .meanSquaredError, optimizer: SGD(learningRate: 0), precision: .mixedBFloat16
      ).fit(x, x, epochs: 1, batchSize: 4, shuffles: false, progress: .silent)
      let means = try #require(model.buffers.first { $0.path == "0.running_mean" })
      try expectClose(means.buffer.value, [1.75], absolute: 0.005)
      let count = try #require(model.buffers.first { $0.path == "0.num_batches_tracked" })
      #expect(try count.buffer.value.scalars(as: Int64.self) == [400])
    }
  }

  /// A model read from a file predicts and evaluates as the one that was written.
  private func comesBack(
    _ trainer: Trainer, _ other: Sequential, _ data: TensorDataset, _ precision: Precision
  ) throws {
    let path = scratch.file("model.safetensors")
    try save(trainer.model, to: path)
    try load(other, from: path)
    let written = try bits(trainer.model)
    #expect(try bits(other) == written)
    let second = self.trainer(other, precision)
    let loader = try DataLoader(data, batchSize: 8)
    let (figures, outputs) = (try trainer.evaluate(loader), try trainer.predict(loader).bytes())
    #expect(try second.evaluate(loader) == figures)
    #expect(try second.predict(loader).bytes() == outputs)
    #expect(try bits(other) == written, "neither changes anything")
  }
}
