import Apus

/// A network in training; the loss is read back after every step.
final class TrainingWorkload: Workload {
  private let trainer: Trainer
  private let batches: CyclingBatches

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
    let watch = try fit(steps: steps + 1)
    return (watch.seconds, watch.loss)
  }

  func plan() throws -> PlanReport { try trainer.plan(for: batches) }

  func firstLoss() throws -> Double { try fit(steps: 1).firstLoss }

  private func fit(steps: Int) throws -> StepWatch {
    let watch = StepWatch(steps: steps - 1)
    try trainer.fit(
      CyclingBatches(batches, steps: steps), epochs: 1, callbacks: [watch], progress: .silent)
    return watch
  }
}
