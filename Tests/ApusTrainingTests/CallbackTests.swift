import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTraining

@Suite("callbacks") struct CallbackTests {
  private let scratch = Scratch()

  private func bits(_ model: any Layer) throws -> [[UInt8]] {
    try model.parameters.map { try $0.parameter.value.bytes() }
  }

  @Test("early stopping ends the run and leaves the best epoch's model")
  func early() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      let model = MLP([4, 3])
      // A rate that makes things worse after a while.
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.5),
        schedule: Schedule("worse") { $0 < 12 ? 1 : 1000 })
      var byEpoch: [[[UInt8]]] = []
      let watch = ClosureCallback(epochEnded: { _, _ in byEpoch.append(try bits(model)) })
      let stopping = EarlyStopping(monitor: "loss", patience: 2)
      let history = try trainer.fit(
        x, y, epochs: 50, batchSize: 10, callbacks: [watch, stopping], progress: .silent)
      let losses = history["loss"]
      let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
      #expect(stopping.best?.epoch == best + 1)
      #expect(losses.count == best + 3)
      #expect(history.stopReason == "loss has not improved for 2 epochs")
      #expect(try bits(model) == byEpoch[best])
      #expect(byEpoch[best] != byEpoch.last)
    }
  }

  @Test("the best epoch is restored even when patience never ran out")
  func patient() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      let model = MLP([4, 3])
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.5),
        schedule: Schedule("worse") { $0 < 6 ? 1 : 1000 })
      var byEpoch: [[[UInt8]]] = []
      let history = try trainer.fit(
        x, y, epochs: 4, batchSize: 10,
        callbacks: [
          EarlyStopping(monitor: "loss", patience: 9),
          ClosureCallback(epochEnded: { _, _ in byEpoch.append(try bits(model)) }),
        ], progress: .silent)
      let losses = history["loss"]
      let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
      #expect(best < 3)
      #expect(history.stopReason == nil)
      #expect(try bits(model) == byEpoch[best])
    }
  }

  @Test("a plateau of a figure lowers the rate of all later updates")
  func plateau() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      // Nothing moves: every epoch after the first is one too many.
      let trainer = Trainer(
        MLP([3]), loss: .crossEntropy, optimizer: SGD(learningRate: 0),
        schedule: .step(every: 12, gamma: 0.5))
      trainer.optimizer.learningRate = 1e-30
      let callback = ReduceLearningRateOnPlateau(
        monitor: "loss", try Plateau(factor: 0.1, patience: 1, smallestChange: 0))
      let history = try trainer.fit(
        x, y, epochs: 7, batchSize: 10, shuffles: false, callbacks: [callback], progress: .silent)
      // Two epochs that are no better end in a lower rate; the schedule halves it as well.
      expectClose(
        history["learning_rate"],
        [1e-30, 1e-30, 1e-30, 0.5e-31, 0.5e-31, 0.5e-32, 0.5e-32], absolute: 0, relative: 1e-12)
      #expect(abs(trainer.rateFactor - 1e-3) < 1e-15)
      #expect(throws: TensorError.self) {
        try trainer.fit(
          x, y, epochs: 1, callbacks: [ReduceLearningRateOnPlateau()], progress: .silent)
      }
    }
  }

  @Test("a figure that does not exist is named, with those that do")
  func unknown() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let error = #expect(throws: TensorError.self) {
        try Trainer(MLP([3]), loss: .crossEntropy)
          .fit(x, y, epochs: 1, callbacks: [EarlyStopping()], progress: .silent)
      }
      #expect(error?.operation == "EarlyStopping")
      #expect(error?.reason == "there is no figure \"val_loss\"; there are: learning_rate, loss")
    }
  }

  @Test("a loss that is not finite ends the run")
  func nan() throws {
    try TestExecutor.cpu.run {
      let x = Tensor([Float(1), 2, .infinity, 4], shape: [4, 1])
      let y = Tensor([Int32(0), 1, 0, 1])
      let history = try Trainer(MLP([2]), loss: .crossEntropy).fit(
        x, y, epochs: 3, batchSize: 1, shuffles: false, callbacks: [TerminateOnNaN()],
        progress: .silent)
      #expect(history.stopReason?.hasPrefix("the loss is") == true)
      #expect(history.stopReason?.hasSuffix("in epoch 1, batch 3") == true)
      #expect(history.epochs.isEmpty)
    }
  }

  @Test("the CSV log has a row per epoch")
  func csv() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let path = scratch.file("log.csv")
      try Trainer(MLP([3]), loss: .crossEntropy, metrics: [.accuracy])
        .fit(x, y, epochs: 3, callbacks: [CSVLog(path: path)], progress: .silent)
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 4)
      #expect(lines[0] == "epoch,accuracy,learning_rate,loss,seconds")
      #expect(lines[3].hasPrefix("3,"))
      #expect(lines.allSatisfy { $0.split(separator: ",").count == 5 })
      #expect(throws: (any Error).self) {
        try Trainer(MLP([3]), loss: .crossEntropy).fit(
          x, y, epochs: 1, callbacks: [CSVLog(path: scratch.file("no/log.csv"))],
          progress: .silent)
      }
    }
  }

  @Test("without a terminal, progress is a line per epoch")
  func lines() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      var text = ""
      let bar = ProgressBar(style: .lines) { text += $0 }
      try Trainer(MLP([3]), loss: .crossEntropy, metrics: [.accuracy])
        .fit(x, y, epochs: 2, callbacks: [bar], progress: .silent)
      let lines = text.split(separator: "\n")
      #expect(lines.count == 2)
      #expect(lines[0].hasPrefix("epoch 1/2  loss "))
      #expect(lines[0].contains("  accuracy 0."))
      #expect(lines[0].contains(" samples/s  "))
      #expect(!text.contains("\r"))
    }
  }

  @Test("numbers, rates and times print short")
  func wording() {
    #expect(ProgressBar.number(0.12345) == "0.1235")
    #expect(ProgressBar.number(1.5e-5) == "1.500e-05")
    #expect(ProgressBar.rate(123_456) == "123.5k samples/s")
    #expect(ProgressBar.duration(3.21) == "3.2s")
    #expect(ProgressBar.duration(75) == "1m15s")
    #expect(ProgressBar.duration(3700) == "1h1m")
    #expect(ProgressBar.duration(.infinity) == "–")
  }

  @Test("history survives JSON")
  func history() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let history = try Trainer(MLP([3]), loss: .crossEntropy)
        .fit(x, y, epochs: 2, validationSplit: 0.25, progress: .silent)
      let back = try JSONDecoder().decode(History.self, from: JSONEncoder().encode(history))
      #expect(back == history)
      #expect(history["val_loss"].count == 2)
    }
  }
}
