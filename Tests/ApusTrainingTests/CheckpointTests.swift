import ApusCore
import ApusData
import ApusInterop
import ApusNN
import ApusTestSupport
import ApusTraining
import Foundation
import Testing

/// A folder that is removed with the last reference.
final class Scratch {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "apus-test-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
}

@Suite("checkpoints") struct CheckpointTests {
  private let scratch = Scratch()

  /// A model with everything that has state: dropout, running means, a schedule, early stopping.
  private func trainer(seed: UInt64 = 5) -> Trainer {
    Trainer(
      Sequential {
        Dense(6, activation: .relu)
        Dropout(0.2)
        BatchNorm()
        Dense(3)
      },
      loss: .crossEntropy, optimizer: AdamW(learningRate: 0.05), metrics: [.accuracy],
      schedule: .cosine(steps: 40), seed: seed)
  }

  private func data() throws -> TensorDataset {
    let (x, y) = try blobs(44)
    return try TensorDataset(inputs: x, targets: y)
  }

  private func bits(_ trainer: Trainer) throws -> [[UInt8]] {
    try trainer.model.parameters.map { try $0.parameter.value.bytes() }
      + trainer.model.buffers.map { try $0.buffer.value.bytes() }
  }

  private func figures(_ history: History) -> [[String: Double]] { history.epochs.map(\.values) }

  @Test("a run resumed after any step ends with the bits of an uninterrupted one")
  func resume() throws {
    try TestExecutor.cpu.run {
      let data = try data()
      let whole = trainer()
      let history = try whole.fit(
        data, epochs: 3, batchSize: 8, validationSplit: 0.25, callbacks: [EarlyStopping()],
        progress: .silent)
      let expected = try bits(whole)
      for stop in [1, 4, 5, 6, 10, 14] {
        let folder = scratch.file("run\(stop)")
        let first = trainer()
        struct Interrupted: Error {}
        #expect(throws: Interrupted.self) {
          try first.fit(
            data, epochs: 3, batchSize: 8, validationSplit: 0.25,
            callbacks: [
              EarlyStopping(), Checkpoint(folder: folder, every: .steps(1)),
              ClosureCallback(batchEnded: { run in
                if run.trainer.step == stop + 1 { throw Interrupted() }
              }),
            ], progress: .silent)
        }
        let second = trainer()
        let resumed = try second.fit(
          data, epochs: 3, batchSize: 8, validationSplit: 0.25, callbacks: [EarlyStopping()],
          progress: .silent, resumingFrom: folder)
        #expect(try bits(second) == expected, "stopped after step \(stop)")
        #expect(figures(resumed) == figures(history))
        #expect(second.step == whole.step)
      }
    }
  }

  /// Options of updates, each with state or numbers that a resumed run must have again.
  static let optionCases: [(name: String, options: UpdateOptions)] = [
    ("groups", UpdateOptions(groups: [.vectors(rate: 0.5, weightDecay: .zero)])),
    ("gathering", UpdateOptions(accumulation: 3)),
    ("average", UpdateOptions(average: .exponential(decay: 0.9, start: .corrected))),
    ("equal average", UpdateOptions(average: .equal(from: 3, every: 2, isValidated: true))),
    ("constraints", UpdateOptions(constraints: [.unitNorm(of: "**.weight")])),
    ("noise", UpdateOptions(clipping: .norm(1), noise: GradientNoise())),
    (
      "everything",
      UpdateOptions(
        groups: [ParameterGroup("0.*", isFrozen: true), ParameterGroup("3.bias", rate: 0.1)],
        clipping: .globalNorm(1), accumulation: 2,
        average: .exponential(decay: 0.5, isValidated: true),
        constraints: [.maximumNorm(1)], penalties: [.ridge(0.01)], noise: GradientNoise())
    ),
  ]

  @Test("so do runs with options, stopped between or within updates", arguments: optionCases)
  func resumeWithOptions(_ options: (name: String, options: UpdateOptions)) throws {
    struct Interrupted: Error {}
    try TestExecutor.cpu.run {
      let data = try data()
      func make() -> Trainer {
        let plain = trainer()
        return Trainer(
          plain.model, loss: plain.loss, optimizer: AdamW(learningRate: 0.05),
          metrics: [.accuracy], options: options.options, seed: 5)
      }
      func plateau() throws -> [any Callback] {
        [try ReduceLearningRateOnPlateau(monitor: "val_loss", factor: 0.5, patience: 0)]
      }
      @discardableResult
      func fit(_ trainer: Trainer, _ more: [any Callback], _ path: String? = nil) throws -> History
      {
        try trainer.fit(
          data, epochs: 4, batchSize: 8, validationSplit: 0.25, callbacks: plateau() + more,
          progress: .silent, resumingFrom: path)
      }
      let whole = make()
      let history = try fit(whole, [])
      let expected = try bits(whole)
      let averages = try whole.averages.mapValues { try $0.bytes() }
      // 33 samples make 5 batches.
      for stop in [1, 3, 4, 5, 7, 11, 16] {
        let path = scratch.file("\(options.name)\(stop)")
        var batches = 0
        #expect(throws: Interrupted.self) {
          try fit(
            make(),
            [
              ClosureCallback(batchEnded: { run in
                batches += 1
                guard batches == stop else { return }
                try run.saveCheckpoint(to: path)
                throw Interrupted()
              })
            ])
        }
        let second = make()
        let resumed = try fit(second, [], path)
        #expect(try bits(second) == expected, "\(options.name) after batch \(stop)")
        #expect(try second.averages.mapValues { try $0.bytes() } == averages)
        #expect(figures(resumed) == figures(history))
        #expect(second.step == whole.step)
        #expect(second.rateFactor == whole.rateFactor)
      }
      let folder = scratch.file("folder")
      try fit(make(), [Checkpoint(folder: folder, every: .steps(1), keepLast: 99)])
      let third = make()
      _ = try fit(third, [], folder)
      #expect(try bits(third) == expected)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(files.count == whole.step, "one file per update")
    }
  }

  @Test("gathering that was changed or averages that are missing are refused")
  func options() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      func trainer(_ options: UpdateOptions) -> Trainer {
        Trainer(Sequential { Dense(3) }, loss: .crossEntropy, optimizer: SGD(), options: options)
      }
      let path = scratch.file("checkpoint")
      try trainer(UpdateOptions(accumulation: 2)).fit(
        x, y, epochs: 1, batchSize: 4,
        callbacks: [ClosureCallback(epochEnded: { run, _ in try run.saveCheckpoint(to: path) })],
        progress: .silent)
      let error = #expect(throws: FileError.self) {
        try trainer(UpdateOptions(average: .equal())).fit(
          x, y, epochs: 2, batchSize: 4, progress: .silent, resumingFrom: path)
      }
      #expect(
        error?.reason == """
          does not fit the run:
            accumulation: 2 in the checkpoint, 1 now
            missing: optimizer.averagedWeight.0.weight
            missing: optimizer.averagedWeight.0.bias
          """)
    }
  }

  @Test("a damaged latest checkpoint gives way to the one before")
  func damaged() throws {
    try TestExecutor.cpu.run {
      let data = try data()
      let folder = scratch.file("run")
      try trainer().fit(
        data, epochs: 3, batchSize: 8, callbacks: [Checkpoint(folder: folder, keepLast: 2)],
        progress: .silent)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(names == ["checkpoint-000000012.safetensors", "checkpoint-000000018.safetensors"])
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder + "/" + names[1]))
      let other = trainer()
      let history = try other.fit(
        data, epochs: 3, batchSize: 8, progress: .silent, resumingFrom: folder)
      #expect(history.epochs.count == 3)
      #expect(other.step == 18)
    }
  }

  @Test("a checkpoint of another run is refused with everything that differs")
  func foreign() throws {
    try TestExecutor.cpu.run {
      let data = try data()
      let folder = scratch.file("run")
      try trainer().fit(
        data, epochs: 1, batchSize: 8, callbacks: [Checkpoint(folder: folder)], progress: .silent)
      let path = folder + "/checkpoint-000000006.safetensors"
      let other = Trainer(
        Sequential { Dense(3) }, loss: .crossEntropy, optimizer: SGD(momentum: 0.9), seed: 6)
      let error = #expect(throws: FileError.self) {
        try other.fit(data, epochs: 2, batchSize: 4, progress: .silent, resumingFrom: path)
      }
      #expect(
        error?.reason == """
          does not fit the run:
            seed: 5 in the checkpoint, 6 now
            optimizer: AdamW in the checkpoint, SGD now
            batch size: 8 in the checkpoint, 4 now
            shuffle seed: 5 in the checkpoint, 6 now
            figures: 2 in the checkpoint, 1 now
            missing: optimizer.velocity.0.weight
            missing: optimizer.velocity.0.bias
          """)
      #expect(throws: FileError(path: "none", reason: "there is no such file or folder")) {
        try other.fit(data, epochs: 1, progress: .silent, resumingFrom: "none")
      }
      try FileManager.default.createDirectory(
        atPath: scratch.file("empty"), withIntermediateDirectories: true)
      #expect(
        throws: FileError(path: scratch.file("empty"), reason: "the folder holds no checkpoint")
      ) {
        try other.fit(data, epochs: 1, progress: .silent, resumingFrom: scratch.file("empty"))
      }
      try save(other.model, to: scratch.file("model"))
      #expect(
        throws: FileError(
          path: scratch.file("model"),
          reason: "is no training checkpoint: apus.training is missing")
      ) {
        try other.fit(data, epochs: 1, progress: .silent, resumingFrom: scratch.file("model"))
      }
    }
  }

  @Test("the best epoch is kept in a file of its own")
  func best() throws {
    try TestExecutor.cpu.run {
      let folder = scratch.file("run")
      try trainer().fit(
        data(), epochs: 2, batchSize: 8, callbacks: [Checkpoint(folder: folder, bestOf: "loss")],
        progress: .silent)
      #expect(FileManager.default.fileExists(atPath: folder + "/best.safetensors"))
    }
  }

  @Test("a folder that cannot be made is an error")
  func folder() throws {
    try TestExecutor.cpu.run {
      try Data().write(to: URL(fileURLWithPath: scratch.file("file")))
      #expect(throws: FileError.self) {
        try trainer().fit(
          data(), epochs: 1, callbacks: [Checkpoint(folder: scratch.file("file") + "/x")],
          progress: .silent)
      }
    }
  }
}
