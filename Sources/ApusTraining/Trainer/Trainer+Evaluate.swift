import ApusCore
import ApusData
import ApusNN

extension Trainer {
  /// Returns the mean loss and metrics over a source, in inference mode.
  ///
  /// - Throws: The mistake of the model or the data.
  public func evaluate(
    _ data: any BatchSource, file: String = #fileID, line: Int = #line
  ) throws -> [String: Double] {
    try calledFrom(file, line, on: device) { try figures(of: data) }
  }

  private func figures(of data: any BatchSource) throws -> [String: Double] {
    guard data.batchCount > 0, !data.columns.isEmpty, data.sampleCount > 0 else {
      throw TensorError(operation: "evaluate", reason: "the data set has no samples")
    }
    try build(for: data)
    let recipe = recipe
    let state = try TrainingState(model, optimizer: nil, sums: recipe.sumCount)
    let steps = BatchSteps { count in
      try BatchStep(
        recipe.evaluation(state, data.inputType(count), data.targetType(count)), count: count,
        columns: data.columns)
    }
    return try ApusTraining.evaluate(data, steps, state, names: figureNames)
  }

  /// Returns the mean loss and metrics over a data set, in inference mode.
  public func evaluate(
    _ data: TensorDataset, batchSize: Int = 256, file: String = #fileID, line: Int = #line
  ) throws -> [String: Double] {
    try evaluate(try DataLoader(data, batchSize: batchSize), file: file, line: line)
  }

  /// Returns the model's outputs for the samples of a source, one after the other, in inference
  /// mode; of its columns only the first is used.
  public func predict(
    _ data: any BatchSource, file: String = #fileID, line: Int = #line
  ) throws -> Tensor {
    try calledFrom(file, line, on: device) { try outputs(for: data) }
  }

  private func outputs(for data: any BatchSource) throws -> Tensor {
    guard data.batchCount > 0, !data.columns.isEmpty, data.sampleCount > 0 else {
      throw TensorError(operation: "predict", reason: "the data set has no samples")
    }
    try build(for: data)
    let recipe = recipe
    let state = try TrainingState(model, optimizer: nil, sums: 0)
    let steps = BatchSteps { count in
      try BatchStep(
        recipe.prediction(state, data.inputType(count)), count: count, columns: data.columns)
    }
    var results: [Tensor] = []
    let feed = BatchFeed(data, epoch: 0)
    for batch in 0..<data.batchCount {
      let step = try steps.step(data.sampleCount(ofBatch: batch))
      try step.load(feed, batch: batch)
      try step.plan.run()
      let type = step.plan.outputTypes[0]
      guard let copy = step.plan.outputs[0].copy() else {
        throw TensorError(operation: "predict", reason: "no memory for \(type)")
      }
      results.append(Tensor(storage: copy, type: type))
    }
    return results.count == 1 ? results[0] : concatenated(results)
  }

  /// Returns the model's outputs for a tensor of samples, in inference mode.
  ///
  /// - Throws: The tensor's own error; the mistake of the model.
  public func predict(
    _ inputs: Tensor, batchSize: Int = 256, file: String = #fileID, line: Int = #line
  ) throws -> Tensor {
    if let error = inputs.error { throw error }
    let data = try TensorDataset(["inputs": HostArray(inputs)])
    return try predict(try DataLoader(data, batchSize: batchSize), file: file, line: line)
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
  let means = try state.readSums().map { $0 / Double(max(samples, 1)) }
  return Dictionary(zip(names, means), uniquingKeysWith: { a, _ in a })
}
