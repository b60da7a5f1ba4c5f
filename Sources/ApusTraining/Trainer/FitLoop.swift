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
  private let rule: UpdateRule
  /// Steps that move the parameters, and steps that gather gradients.
  private let steps: BatchSteps
  private let gathering: BatchSteps
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
    // Checkpoints hold what the other callbacks have just done.
    let callbacks =
      callbacks.filter { !($0 is Checkpoint) } + callbacks.filter { $0 is Checkpoint }
    self.callbacks = callbacks
    watchers = callbacks.filter(\.watchesBatches)
    let recipe = trainer.recipe
    var slots = trainer.slots
    if saved == nil {
      // What a run that ended between two updates had gathered.
      slots = slots.filter { !$0.key.hasPrefix(UpdateRule.gradientSlot + ".") }
    }
    let state = try TrainingState(
      trainer.model, optimizer: trainer.optimizer, options: trainer.options, slots: slots,
      sums: recipe.sumCount)
    self.state = state
    do throws(TensorError) { rule = try recipe.rule(state) } catch {
      state.release()
      throw error
    }
    let rule = rule
    let key = RandomKey(seed: Int(truncatingIfNeeded: trainer.seed)).folding(in: 1).tensor
    func steps(updates: Bool) -> BatchSteps {
      BatchSteps { count in
        let plan = try recipe.training(
          state, rule, data.inputType(count), data.targetType(count), updates: updates)
        let step = try BatchStep(plan, count: count, columns: data.columns)
        let number = try key.bytes()
        plan.inputs[StepRecipe.Input.key].withUnsafeMutableBytes { $0.copyBytes(from: number) }
        return step
      }
    }
    self.steps = steps(updates: true)
    gathering = steps(updates: false)
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
    let names = UpdateRule.slots(trainer.optimizer, trainer.options)
    let readSlots = { state.slotTensors(named: names) }
    run.readSlots = readSlots
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
    trainer.readSlots = readSlots
  }

  /// Gives the memory back to the model.
  func close() {
    if isClosed { return }
    isClosed = true
    trainer.slots = run.readSlots()
    trainer.readSlots = nil
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
    let cycle = trainer.options.accumulation
    let place = run.batch % cycle
    // What an epoch has gathered at its end becomes an update too.
    let updates = place == cycle - 1 || run.batch + 1 == run.batchCount
    let step = try (updates ? steps : gathering).step(count)
    try step.load(feed, batch: run.batch)
    // Later epochs see the same samples again.
    if run.epoch == 1 { try step.checkForNaN(operation: "fit", batch: run.batch) }
    // Every batch has random numbers of its own.
    let number = trainer.step.timesClamped(cycle).plusClamped(place)
    step.plan.inputs[StepRecipe.Input.number].pointer.storeBytes(of: Int64(number), as: Int64.self)
    if updates {
      var samples = 0
      for batch in (run.batch - place)...run.batch {
        samples = samples.plusClamped(data.sampleCount(ofBatch: batch))
      }
      try fill(step.plan, samples: samples)
    }
    try step.plan.run()
    if updates { trainer.step += 1 }
    run.hasUpdated = updates
    run.batch += 1
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
      let storage = plan.inputs[StepRecipe.Input.numbers + index]
      guard row.count == storage.byteCount / width else {
        throw TensorError(
          operation: trainer.optimizer.name,
          reason: "gives \(row.count) scalars for update \(number + 1), gave "
            + "\(storage.byteCount / width) before")
      }
      for (index, value) in row.enumerated() {
        if width == 8 {
          storage.pointer.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
        } else {
          storage.pointer.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
        }
      }
    }
  }

  private func validate() throws -> [String: Double] {
    guard let validation, let checks else { return [:] }
    state.setSums()
    func figures() throws -> [String: Double] {
      try evaluate(validation, checks, state, names: trainer.figureNames)
    }
    return trainer.options.average?.isValidated == true
      ? try trainer.withAverages(figures) : try figures()
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
