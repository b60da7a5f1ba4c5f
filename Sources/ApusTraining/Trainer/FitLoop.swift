import ApusCore
import ApusData
import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The loop of one call of `fit`.
final class FitLoop {
  private let trainer: Trainer
  private let data: any BatchSource
  private let validation: (any BatchSource)?
  private let state: TrainingState
  private let steps: BatchSteps
  private let checks: BatchSteps?
  private let run: TrainingRun
  private let callbacks: [any Callback]
  private let watchers: [any Callback]
  private var isClosed = false

  init(
    _ trainer: Trainer, data: any BatchSource, validation: (any BatchSource)?, epochs: Int,
    callbacks: [any Callback], resuming saved: TrainingCheckpoint?
  ) throws {
    self.trainer = trainer
    self.data = data
    self.validation = validation
    self.callbacks = callbacks
    watchers = callbacks.filter(\.watchesBatches)
    let recipe = trainer.recipe
    let state = try TrainingState(
      trainer.model, optimizer: trainer.optimizer, slots: trainer.slots, sums: recipe.sumCount)
    self.state = state
    let key = RandomKey(seed: Int(truncatingIfNeeded: trainer.seed)).folding(in: 1).tensor
    steps = BatchSteps { count in
      let plan = try recipe.training(state, data.inputType(count), data.targetType(count))
      let step = try BatchStep(plan, count: count, columns: data.columns)
      let number = try key.bytes()
      plan.inputs[3].withUnsafeMutableBytes { $0.copyBytes(from: number) }
      return step
    }
    checks = validation.map { validation in
      BatchSteps { count in
        try BatchStep(
          recipe.evaluation(state, validation.inputType(count), validation.targetType(count)),
          count: count, columns: validation.columns)
      }
    }
    run = TrainingRun(
      trainer, epochs: epochs, batchCount: data.batchCount, sampleCount: data.sampleCount)
    run.callbacks = callbacks
    run.readSums = { state.readSums() }
    let optimizer = trainer.optimizer
    run.readSlots = { state.slotTensors(of: optimizer) }
    run.position = CheckpointPosition(data)
    if let saved {
      run.position.firstEpoch = saved.position.firstEpoch
      run.history = saved.position.history
      run.batch = saved.position.batch
      run.samples = saved.position.samples
      state.setSums(saved.position.sums)
      do { try saved.restore(callbacks) } catch {
        state.release()
        throw error
      }
    } else {
      run.position.firstEpoch = trainer.epoch
    }
  }

  /// Gives the memory back to the model.
  func close() {
    if isClosed { return }
    isClosed = true
    trainer.slots = state.slotTensors(of: trainer.optimizer)
    state.release()
  }

  /// Makes the epochs that are left.
  func train() throws -> History {
    do {
      for callback in callbacks { try callback.trainingBegan(run) }
      var epoch = trainer.epoch - run.position.firstEpoch
      run.epoch = epoch
      while epoch < run.epochs, run.stopReason == nil {
        try runEpoch(epoch)
        epoch += 1
      }
      run.history.stopReason = run.stopReason
      for callback in callbacks { try callback.trainingEnded(run) }
    } catch {
      for callback in callbacks { callback.trainingFailed(run, error) }
      throw error
    }
    return run.history
  }

  private func runEpoch(_ epoch: Int) throws {
    run.epoch = epoch + 1
    let start = Self.seconds()
    for callback in callbacks { try callback.epochBegan(run) }
    let feed = BatchFeed(data, epoch: run.position.firstEpoch + epoch, first: run.batch)
    while run.batch < run.batchCount, run.stopReason == nil {
      try runBatch(from: feed)
      for callback in watchers { try callback.batchEnded(run) }
    }
    guard run.batch == run.batchCount else { return }
    var values = run.figures
    values["learning_rate"] = trainer.learningRate
    for (name, value) in try validate() { values["val_" + name] = value }
    run.history.epochs.append(
      History.Epoch(number: epoch + 1, values: values, seconds: Self.seconds() - start))
    trainer.epoch += 1
    run.batch = 0
    run.samples = 0
    state.setSums()
    for callback in callbacks { try callback.epochEnded(run, values) }
  }

  private func runBatch(from feed: BatchFeed) throws {
    let count = data.sampleCount(ofBatch: run.batch)
    let step = try steps.step(count)
    try step.load(feed, batch: run.batch)
    // Later epochs see the same samples again.
    if run.epoch == 1 { try step.checkForNaN(operation: "fit", batch: run.batch) }
    let number = trainer.step
    let rate = trainer.learningRate
    guard rate >= 0, rate.isFinite else {
      throw TensorError(
        operation: "fit",
        reason: "learning rate \(rate) of update \(number + 1) is not a finite number from 0")
    }
    let scalars = trainer.optimizer.scalars(rate: rate, step: number)
    let memory = step.plan.inputs[2].pointer
    let held = step.plan.inputs[2].byteCount / (trainer.precision == .float64 ? 8 : 4)
    guard scalars.count == held else {
      throw TensorError(
        operation: trainer.optimizer.name,
        reason: "gives \(scalars.count) scalars for update \(number + 1), gave \(held) before")
    }
    if trainer.precision == .float64 {
      for (index, value) in scalars.enumerated() {
        memory.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
      }
    } else {
      for (index, value) in scalars.enumerated() {
        memory.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
      }
    }
    step.plan.inputs[4].pointer.storeBytes(of: Int64(number), as: Int64.self)
    try step.plan.run()
    trainer.step = number + 1
    run.batch += 1
    run.samples += count
  }

  private func validate() throws -> [String: Double] {
    guard let validation, let checks else { return [:] }
    state.setSums()
    return try evaluate(validation, checks, state, names: trainer.figureNames)
  }

  /// A steady clock.
  static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Runs steps of evaluation over a source and returns the mean figures.
func evaluate(
  _ source: any BatchSource, _ steps: BatchSteps, _ state: TrainingState, names: [String]
) throws -> [String: Double] {
  var samples = 0
  let feed = BatchFeed(source, epoch: 0)
  for batch in 0..<source.batchCount {
    let count = source.sampleCount(ofBatch: batch)
    let step = try steps.step(count)
    try step.load(feed, batch: batch)
    try step.checkForNaN(operation: "evaluate", batch: batch)
    try step.plan.run()
    samples += count
  }
  let means = state.readSums().map { $0 / Double(max(samples, 1)) }
  return Dictionary(zip(names, means), uniquingKeysWith: { a, _ in a })
}
