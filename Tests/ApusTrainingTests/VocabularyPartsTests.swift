import ApusCore
import ApusData
import ApusInterop
import ApusNN
import ApusTestSupport
import ApusTraining
import Foundation
import Testing

@Suite("penalized, frozen and tied parts in the trainer") struct VocabularyPartsTests {
  private let scratch = Scratch()

  @Test(
    "penalties of layers are in the loss of training, not in that of evaluation",
    arguments: [false, true])
  func penalties(_ isRecomputed: Bool) throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let hidden = Sequential {
        Dense(5, activation: .sigmoid)
        SparsityPenalty(target: 0.1, weight: 2)
        ActivityPenalty(l1: 0.3, l2: 0.2)
      }
      let model = Sequential([isRecomputed ? Recompute(hidden) : hidden, Dense(3)])
      try model.build(x.type, seed: 4)
      let h = try hidden(x).scalars(as: Double.self)
      var expected = h.reduce(0) { $0 + 0.3 * $1 + 0.2 * $1 * $1 } / 12
      for unit in 0..<5 {
        let mean = stride(from: unit, to: h.count, by: 5).reduce(0) { $0 + h[$1] } / 12
        expected += 2 * (0.1 * log(0.1 / mean) + 0.9 * log(0.9 / (1 - mean)))
      }
      let trainer = Trainer(model, loss: .crossEntropy, optimizer: SGD(learningRate: 0))
      let plain = try Loss.crossEntropy(model(x), y).scalar(as: Double.self)
      let data = try TensorDataset(inputs: x, targets: y)
      let history = try trainer.fit(
        data, epochs: 1, batchSize: 12, validation: data, progress: .silent)
      expectClose(history["loss"], [plain + expected], absolute: 1e-5)
      expectClose(history["val_loss"], [plain], absolute: 1e-5)
      expectClose([try trainer.evaluate(data)["loss"] ?? 0], [plain], absolute: 1e-5)
    }
  }

  @Test("frozen sequence and derived parts keep their bits and have no state of updates")
  func frozen() throws {
    try TestExecutor.cpu.run {
      let (points, y) = try blobs(16)
      let x = concatenated([points, points * 0.5, points * 0.25], axis: 1)
        .reshaped(to: [16, 3, 2])
      let body = Sequential {
        LSTM(4, returnsSequences: true)
        GRU(4)
        Dense(4).deriving(\.weight, by: WeightNorm())
        Dense(7)
      }
      try body.build(x.type, seed: 2)
      try body.setTrainable(false, matching: "0.**")
      try body.setTrainable(false, matching: "2.weight_*")
      let model = try body.replacing(at: -1, with: Dense(3))
      let isFrozen = { (path: String) in path.hasPrefix("0.") || path.hasPrefix("2.weight") }
      func bits() throws -> [String: [UInt8]] {
        try model.parameters.reduce(into: [:]) { $0[$1.path] = try $1.parameter.value.bytes() }
      }
      try model.build(x.type, seed: 3)
      let before = try bits()
      let path = scratch.file("checkpoint")
      try Trainer(
        model, loss: .crossEntropy, optimizer: AdamW(learningRate: 0.05, weightDecay: 0.1),
        options: UpdateOptions(average: .exponential(decay: 0.9))
      ).fit(
        x, y, epochs: 3, batchSize: 8,
        callbacks: [ClosureCallback(epochEnded: { run, _ in try run.saveCheckpoint(to: path) })],
        progress: .silent)
      for (path, bytes) in try bits() {
        #expect((bytes == before[path]) == isFrozen(path), "\(path)")
      }
      let slots = try Safetensors(contentsOf: path).entries.map(\.name)
        .filter { $0.hasPrefix("optimizer.") }
        .map { $0.split(separator: ".").dropFirst(2).joined(separator: ".") }
      #expect(!slots.isEmpty && !slots.contains(where: isFrozen))
      #expect(Set(slots) == Set(before.keys.filter { !isFrozen($0) }))
    }
  }

  @Test("a tied auto-encoder counts, trains, saves and resumes its weight once")
  func tied() throws {
    try TestExecutor.cpu.run {
      let (x, _) = try blobs(24)
      func make() -> Sequential {
        let encoder = Dense(3, activation: .tanh)
        return Sequential {
          encoder
          TiedDense(encoder)
        }
      }
      func fit(
        _ model: Sequential, _ epochs: Int, _ path: String?, from saved: String? = nil
      ) throws -> History {
        var callbacks: [any Callback] = []
        if let path {
          callbacks = [ClosureCallback(epochEnded: { run, _ in try run.saveCheckpoint(to: path) })]
        }
        return try Trainer(
          model, loss: .meanSquaredError, optimizer: Adam(learningRate: 0.05), seed: 1
        ).fit(
          x, x, epochs: epochs, batchSize: 8, callbacks: callbacks, progress: .silent,
          resumingFrom: saved)
      }
      let (model, path) = (make(), scratch.file("checkpoint"))
      let history = try fit(model, 8, nil)
      #expect(history["loss"][7] < history["loss"][0] / 2)
      #expect(model.parameterCount == 6 + 3 + 2)
      let names = ["0.weight", "0.bias", "1.bias"]
      #expect(model.parameters.map(\.path) == names)
      _ = try fit(make(), 3, path)
      let entries = try Safetensors(contentsOf: path).entries.map(\.name)
      #expect(entries.filter { $0.hasPrefix("model.") } == names.map { "model." + $0 })
      #expect(entries.count { $0.hasSuffix("0.weight") } == 3, "the weight and two moments")
      let resumed = make()
      _ = try fit(resumed, 8, nil, from: path)
      for (a, b) in zip(model.parameters, resumed.parameters) {
        let bytes = try a.parameter.value.bytes()
        #expect(try b.parameter.value.bytes() == bytes)
      }
    }
  }

  @Test("a variational auto-encoder of one's own trains, and predicts without chance")
  func variational() throws {
    final class Encoder: Layer {
      let (mean, spread) = (Dense(2), Dense(2))
      let sampling = Reparameterization()
      let decoder = Dense(2)
      func forward(_ x: Tensor, _ context: Context) -> Tensor {
        let (m, s) = (mean(x), spread(x))
        if context.isTraining {
          context.penalize((m.square() + s.exp() - s - 1).sum() * (0.001 / Double(x.shape[0])))
        }
        return decoder(sampling(m, s, context))
      }
    }
    try TestExecutor.cpu.run {
      let (x, _) = try blobs(24)
      func run() throws -> (History, [UInt8], [UInt8]) {
        let trainer = Trainer(
          Encoder(), loss: .meanSquaredError, optimizer: Adam(learningRate: 0.03), seed: 6)
        let history = try trainer.fit(x, x, epochs: 12, batchSize: 8, progress: .silent)
        return (history, try trainer.predict(x).bytes(), try trainer.predict(x).bytes())
      }
      let (history, first, again) = try run()
      #expect(history["loss"][11] < history["loss"][0])
      #expect(first == again)
      #expect(try run().1 == first)
    }
  }

  @Test("a classifier on BERT trains and is saved without calling its pooler")
  func textClassifier() throws {
    final class Classifier: Layer {
      let bert = BERTEncoder(
        embeddings: BERTEmbeddings(vocabulary: 9, width: 4, positions: 7),
        TransformerOptions(width: 4, heads: 2, hidden: 6), layers: 1)
      let head = Dense(3)
      func forward(_ x: Tensor, _ context: Context) -> Tensor {
        head(bert(x, context).mean(axes: [1]))
      }
    }
    try TestExecutor.cpu.run {
      let (points, y) = try blobs(24)
      let tokens = (points.abs() * 2).clamped(to: 0...8).converted(to: .int32)
      let model = Classifier()
      let history = try Trainer(model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.03))
        .fit(tokens, y, epochs: 20, batchSize: 8, progress: .silent)
      #expect(history["loss"][19] < history["loss"][0])
      let path = scratch.file("model.safetensors")
      try save(model, to: path)
      let report = try load(Classifier(), from: path)
      #expect(report.isComplete)
      #expect(model.parameters.contains { $0.path == "bert.pooler.dense.weight" })
    }
  }
}
