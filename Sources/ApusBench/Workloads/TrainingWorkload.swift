import Apus

/// A network in training; the loss is read back after every step.
final class TrainingWorkload: Workload {
  private let trainer: Trainer
  private var batches: CyclingBatches

  init(
    _ model: any Layer, _ optimizer: any Optimizer, _ batches: CyclingBatches,
    precision: Precision = .float32
  ) {
    trainer = Trainer(
      model, loss: .crossEntropy, optimizer: optimizer, precision: precision)
    self.batches = batches
  }

  /// Makes steps.
  ///
  /// One step more is made before the clock starts, which lays out the memory of the run.
  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    try batches.layOut(steps: steps + 1)
    let watch = try fit()
    return (watch.seconds, watch.loss)
  }

  func plan() throws -> PlanReport { try trainer.plan(for: batches) }

  func firstLoss() throws -> Double { try fit().firstLoss }

  private func fit() throws -> StepWatch {
    let watch = StepWatch(steps: batches.batchCount - 1)
    try trainer.fit(batches, epochs: 1, callbacks: [watch], progress: .silent)
    return watch
  }
}
