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
