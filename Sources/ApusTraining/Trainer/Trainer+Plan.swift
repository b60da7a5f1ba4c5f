import ApusCore
import ApusData
import ApusNN

extension Trainer {
  /// A step that a trainer compiles into one plan.
  public enum Step: String, Sendable, Hashable, CaseIterable {
    /// Forward, backward, update of the parameters, sums of loss and metrics.
    case training
    /// Forward, sums of loss and metrics.
    case evaluation
    /// Forward.
    case prediction
  }

  /// Returns what a step on full batches of a source runs.
  ///
  /// It is the very plan that ``fit(_:epochs:validation:callbacks:progress:resumingFrom:file:line:)``,
  /// `evaluate` or `predict` use on such batches, with the times of their runs where the executor
  /// measures. The model is built if it was not; nothing is run.
  public func plan(
    of step: Step = .training, for data: any BatchSource, file: String = #fileID,
    line: Int = #line
  ) throws -> PlanReport {
    let count = max(min(data.batchSize, data.sampleCount), 1)
    return try plan(
      of: step, input: data.inputType(count), target: data.targetType(count), file: file,
      line: line)
  }

  /// Returns what a step on a batch of these types runs, samples along the first axis.
  ///
  /// - Parameter target: Not needed for prediction.
  public func plan(
    of step: Step = .training, input: TensorType, target: TensorType? = nil,
    file: String = #fileID, line: Int = #line
  ) throws -> PlanReport {
    try calledFrom(file, line, on: device) {
      try build(for: input)
      return try compiled(step, input, target).report()
    }
  }

  private func compiled(
    _ step: Step, _ input: TensorType, _ target: TensorType?
  ) throws -> StepPlan {
    let recipe = recipe
    let state = try TrainingState(
      model, optimizer: step == .training ? optimizer : nil,
      options: step == .training ? options : UpdateOptions(),
      sums: step == .prediction ? 0 : recipe.sumCount)
    defer { if step == .training { state.release() } }
    switch step {
    case .training:
      return try recipe.training(
        state, recipe.rule(state), input, needed(target), updates: true)
    case .evaluation: return try recipe.evaluation(state, input, needed(target))
    case .prediction: return try recipe.prediction(state, input)
    }
  }

  private func needed(_ target: TensorType?) throws(TensorError) -> TensorType {
    guard let target else {
      throw TensorError(operation: "plan", reason: "the step needs the type of the targets")
    }
    return target
  }
}
