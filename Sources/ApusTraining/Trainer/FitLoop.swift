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
  let trainer: Trainer
  let data: any BatchSource
  private let validation: (any BatchSource)?
  private let state: TrainingState
  let rule: UpdateRule
  /// Steps that move the parameters, and steps that gather gradients.
  let steps: BatchSteps
  let gathering: BatchSteps
  private let checks: BatchSteps?
  let run: TrainingRun
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
    let key = try Executors.onHost {
      try RandomKey(seed: Int(truncatingIfNeeded: trainer.seed)).folding(in: 1).tensor.bytes()
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
    func steps(updates: Bool) -> BatchSteps {
      BatchSteps { count in
        let plan = try recipe.training(
          state, rule, data.inputType(count), data.targetType(count), updates: updates)
        let step = try BatchStep(plan, count: count, columns: data.columns)
        try plan.inputs[StepRecipe.Input.key].withUnsafeMutableBytes { $0.copyBytes(from: key) }
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
    run.readSums = { try state.readSums() }
    let names = UpdateRule.slots(trainer.optimizer, trainer.options)
    let readSlots = { state.slotTensors(named: names) }
    run.readSlots = readSlots
    run.position = CheckpointPosition(data)
    if let saved {
      run.position.firstEpoch = saved.position.firstEpoch
      run.history = saved.position.history
      run.batch = saved.position.batch
      run.samples = saved.position.samples
      do {
        try state.setSums(saved.position.sums)
        try saved.restore(callbacks)
      } catch {
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
      throw withLastCheckpoint(error)
    }
    return run.history
  }

  /// An error of a device, which may have taken the parameters along, with where to go on from.
  private func withLastCheckpoint(_ error: any Error) -> any Error {
    guard let error = error as? TensorError, error.operation == TensorError.deviceOperation,
      let path = run.lastCheckpoint
    else { return error }
    return TensorError(
      operation: error.operation, reason: "\(error.reason)\n  the last checkpoint is \(path)",
      operands: error.operands, layerPath: error.layerPath, site: error.site)
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
    // Waits for the steps under way: a mistake in their data is told here at the latest.
    _ = try state.readSums()
    var values = run.figures
    values["learning_rate"] = trainer.learningRate
    for (name, value) in try validate() { values["val_" + name] = value }
    run.history.epochs.append(
      History.Epoch(number: epoch + 1, values: values, seconds: Self.seconds() - start))
    trainer.epoch += 1
    run.batch = 0
    run.samples = 0
    try state.setSums()
    for callback in callbacks { try callback.epochEnded(run, values) }
  }

  private func validate() throws -> [String: Double] {
    guard let validation, let checks else { return [:] }
    try state.setSums()
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
