import Apus

/// A network in training as a user trains it: whole epochs of `Trainer.fit`, which reads the loss at
/// the end of each. A step is a batch.
final class FitWorkload: Workload {
  private let trainer: Trainer
  private let data: TensorDataset
  private let batchSize: Int

  init(
    _ model: any Layer, _ optimizer: any Optimizer, _ data: TensorDataset, batchSize: Int
  ) throws {
    trainer = Trainer(model, loss: .crossEntropy, optimizer: optimizer)
    self.data = data
    self.batchSize = batchSize
  }

  func firstLoss() throws -> Double { try fit(data.prefix(batchSize), epochs: 1) }

  func plan() throws -> PlanReport {
    try trainer.plan(for: DataLoader(data, batchSize: batchSize))
  }

  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    let epochs = max(steps * batchSize / data.count, 1)
    let watch = Stopwatch()
    let loss = try fit(data, epochs: epochs)
    let seconds = watch.seconds
    // Only whole epochs can be made: the time is that of as many steps as were asked for.
    return (seconds * Double(steps * batchSize) / Double(epochs * data.count), loss)
  }

  private func fit(_ data: TensorDataset, epochs: Int) throws -> Double {
    let history = try trainer.fit(
      data, epochs: epochs, batchSize: batchSize, shuffles: false, progress: .silent)
    return history.epochs.last?.values["loss"] ?? .nan
  }
}
