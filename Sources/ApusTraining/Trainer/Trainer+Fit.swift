import ApusCore
import ApusData
import ApusNN

/// What a run shows of its progress.
public enum ProgressStyle: Sendable, Hashable {
  /// A bar on a terminal, a line per epoch elsewhere.
  case automatic
  /// A line per epoch.
  case lines
  case silent
}

extension Trainer {
  /// Trains on batches from a source.
  ///
  /// - Parameters:
  ///   - epochs: How many in all; a resumed run makes those that are left.
  ///   - validation: Evaluated after every epoch; its figures are named `val_…`.
  ///   - checkpoint: A file, or a folder of which the latest is taken, to go on from.
  /// - Throws: The mistake that stopped the run: of the model, the data, a file. Parameters are then
  ///   those of the last finished step.
  /// - Returns: The figures of every epoch.
  @discardableResult
  public func fit(
    _ data: any BatchSource, epochs: Int, validation: (any BatchSource)? = nil,
    callbacks: [any Callback] = [], progress: ProgressStyle = .automatic,
    resumingFrom checkpoint: String? = nil, file: String = #fileID, line: Int = #line
  ) throws -> History {
    try calledFrom(file, line, on: device) {
      try run(
        data, epochs: epochs, validation: validation, callbacks: callbacks, progress: progress,
        resumingFrom: checkpoint)
    }
  }

  private func run(
    _ data: any BatchSource, epochs: Int, validation: (any BatchSource)?,
    callbacks: [any Callback], progress: ProgressStyle, resumingFrom checkpoint: String?
  ) throws -> History {
    try ProcessGroup.current.check(for: device)
    try optimizer.checkSettings()
    try options.check()
    if let error = schedule.error { throw error }
    guard epochs >= 0 else {
      throw TensorError(operation: "fit", reason: "\(epochs) epochs are not a number from 0")
    }
    for source in [data, validation].compactMap({ $0 }) {
      guard source.batchCount > 0, !source.columns.isEmpty, source.sampleCount > 0 else {
        throw TensorError(operation: "fit", reason: "the data set has no samples")
      }
    }
    var callbacks = callbacks
    if progress != .silent, ProcessGroup.current.isCoordinator {
      callbacks.append(ProgressBar(style: progress))
    }
    let saved = try checkpoint.map { try TrainingCheckpoint(resolving: $0) }
    try build(for: data)
    try saved?.restore(self, data: data)
    let loop = try FitLoop(
      self, data: data, validation: validation, epochs: epochs, callbacks: callbacks,
      resuming: saved)
    defer { loop.close() }
    return try loop.train()
  }

  /// Trains on a data set.
  ///
  /// - Parameters:
  ///   - shuffles: Whether samples come in another order every epoch, decided by the seed.
  ///   - validation: Evaluated after every epoch.
  ///   - validationSplit: Without `validation`, the share of the data set, drawn by the seed, that
  ///     is held out for it.
  ///   - transforms: Changes of samples on their way into a batch.
  @discardableResult
  public func fit(
    _ data: TensorDataset, epochs: Int, batchSize: Int = 32, shuffles: Bool = true,
    validation: TensorDataset? = nil, validationSplit: Double = 0,
    transforms: [any BatchTransform] = [], callbacks: [any Callback] = [],
    progress: ProgressStyle = .automatic, resumingFrom checkpoint: String? = nil,
    file: String = #fileID, line: Int = #line
  ) throws -> History {
    var train = data
    var held = validation
    if held == nil, validationSplit != 0 {
      (train, held) = try data.split(test: validationSplit, seed: seed)
    }
    let loader = try DataLoader(
      train, batchSize: batchSize, shuffleSeed: shuffles ? seed : nil, transforms: transforms)
    let check = try held.map { try DataLoader($0, batchSize: max(batchSize, 256)) }
    return try fit(
      loader, epochs: epochs, validation: check, callbacks: callbacks, progress: progress,
      resumingFrom: checkpoint, file: file, line: line)
  }

  /// Trains on tensors whose first axes run over the samples.
  @discardableResult
  public func fit(
    _ inputs: Tensor, _ targets: Tensor, epochs: Int, batchSize: Int = 32, shuffles: Bool = true,
    validationSplit: Double = 0, callbacks: [any Callback] = [],
    progress: ProgressStyle = .automatic, resumingFrom checkpoint: String? = nil,
    file: String = #fileID, line: Int = #line
  ) throws -> History {
    try fit(
      TensorDataset(inputs: inputs, targets: targets), epochs: epochs, batchSize: batchSize,
      shuffles: shuffles, validationSplit: validationSplit, callbacks: callbacks,
      progress: progress, resumingFrom: checkpoint, file: file, line: line)
  }
}
