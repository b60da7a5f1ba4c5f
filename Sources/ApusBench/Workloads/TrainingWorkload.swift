import Apus

/// A network in training.
final class TrainingWorkload: Workload {
  private let trainer: Trainer
  private let batches: CyclingBatches

  init(_ model: any Layer, _ optimizer: any Optimizer, _ batches: CyclingBatches) {
    trainer = Trainer(model, loss: .crossEntropy, optimizer: optimizer)
    self.batches = batches
  }

  /// Makes steps, reading the loss back after every `readEvery`-th and the last.
  ///
  /// One step more is made before the clock starts, which lays out the memory of the run.
  /// - Returns: Seconds of the steps, and the loss of the last one.
  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double) {
    let watch = try fit(steps: steps + 1, StepWatch(steps: steps, readEvery: readEvery))
    return (watch.seconds, watch.loss)
  }

  func firstLoss() throws -> Double {
    try fit(steps: 1, StepWatch(steps: 0, readEvery: 1)).firstLoss
  }

  private func fit(steps: Int, _ watch: StepWatch) throws -> StepWatch {
    try trainer.fit(
      CyclingBatches(batches, steps: steps), epochs: 1, callbacks: [watch], progress: .silent)
    return watch
  }
}
