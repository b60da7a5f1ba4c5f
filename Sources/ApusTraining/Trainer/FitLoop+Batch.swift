import ApusCore
import ApusData
import ApusNN

extension FitLoop {
  /// Runs the step of the next batch.
  func runBatch(from feed: BatchFeed) throws {
    let batch = run.batch
    let count = data.sampleCount(ofBatch: batch)
    let cycle = trainer.options.accumulation
    let place = cycle == 1 ? 0 : batch % cycle
    // What an epoch has gathered at its end becomes an update too.
    let updates = place == cycle - 1 || batch + 1 == run.batchCount
    let step = try (updates ? steps : gathering).step(count)
    try step.load(feed, batch: batch)
    // Later epochs see the same samples again.
    if run.epoch == 1 { try step.checkForNaN(operation: "fit", batch: batch) }
    // Every batch has random numbers of its own.
    let number = trainer.step.timesClamped(cycle).plusClamped(place)
    step.plan.inputMemory[StepRecipe.Input.number].storeBytes(of: Int64(number), as: Int64.self)
    if updates {
      var samples = count
      for earlier in (batch - place)..<batch {
        samples = samples.plusClamped(data.sampleCount(ofBatch: earlier))
      }
      try fill(step.plan, samples: samples)
    }
    try step.plan.run()
    if updates { trainer.step += 1 }
    run.hasUpdated = updates
    run.batch = batch + 1
    run.samples += count
  }

  /// Gives a step the numbers of its update.
  private func fill(_ plan: StepPlan, samples: Int) throws {
    let number = trainer.step
    let rate = trainer.learningRate
    guard rate >= 0, rate.isFinite else {
      throw TensorError(
        operation: "fit",
        reason: "learning rate \(rate) of update \(number + 1) is not a finite number from 0")
    }
    let width = trainer.precision == .float64 ? 8 : 4
    for index in 0..<rule.rowCount {
      let row = rule.row(index, rate: rate, step: number, samples: Double(samples))
      let memory = plan.inputMemory[StepRecipe.Input.numbers + index]
      guard row.count == memory.count / width else {
        throw TensorError(
          operation: trainer.optimizer.name,
          reason: "gives \(row.count) scalars for update \(number + 1), gave "
            + "\(memory.count / width) before")
      }
      for (index, value) in row.enumerated() {
        if width == 8 {
          memory.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
        } else {
          memory.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
        }
      }
    }
  }
}
