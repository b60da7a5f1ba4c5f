import ApusCore
import ApusNN

/// A run in progress, as callbacks see it.
public final class TrainingRun {
  public let trainer: Trainer
  /// How many epochs the run is to make.
  public let epochs: Int
  public let batchCount: Int
  public let sampleCount: Int
  /// The epoch in progress, counted from 1.
  public internal(set) var epoch = 0
  // Counters change with every batch and nothing runs within such a change: the check that would
  // watch for it costs a small network a twentieth of its step.
  /// Finished batches of the epoch.
  @exclusivity(unchecked) public internal(set) var batch = 0
  /// Whether parameters moved in the last batch: not while gradients are gathered.
  @exclusivity(unchecked) public internal(set) var hasUpdated = false
  /// Samples of those batches.
  @exclusivity(unchecked) public internal(set) var samples = 0
  /// Figures of finished epochs.
  public internal(set) var history = History()
  /// Why the run is to end, once asked for.
  public private(set) var stopReason: String?
  /// The file of the checkpoint written last.
  public private(set) var lastCheckpoint: String?
  /// Figures of validation are known while an epoch ends.
  var readSums: () throws -> [Double] = { [] }
  var readSlots: () -> [String: Tensor] = { [:] }
  var callbacks: [any Callback] = []
  var position = CheckpointPosition()

  init(_ trainer: Trainer, epochs: Int, batchCount: Int, sampleCount: Int) {
    self.trainer = trainer
    self.epochs = epochs
    self.batchCount = batchCount
    self.sampleCount = sampleCount
  }

  public var model: any Layer { trainer.model }

  /// Means over the epoch so far, such as `loss` and `accuracy`; NaN where a step under way has met
  /// with a mistake in the data, which the next one throws.
  public var figures: [String: Double] {
    let sums = knownSums
    let count = Double(max(samples, 1))
    return Dictionary(
      zip(trainer.figureNames, sums.map { $0 / count }), uniquingKeysWith: { a, _ in a })
  }

  /// The mean loss over the epoch so far.
  public var loss: Double { (knownSums.first ?? 0) / Double(max(samples, 1)) }

  private var knownSums: [Double] {
    (try? readSums()) ?? trainer.figureNames.map { _ in .nan }
  }

  /// Ends the run after this batch.
  public func stop(_ reason: String) { if stopReason == nil { stopReason = reason } }

  /// Every parameter and buffer as it is now; training on does not change them.
  public func snapshot() -> [Tensor] { model.variables.map(\.variable.value) }

  /// Gives parameters and buffers the values of a snapshot.
  public func restore(_ snapshot: [Tensor]) throws {
    let variables = model.variables
    guard snapshot.count == variables.count else {
      throw TensorError(
        operation: "restore",
        reason: "\(snapshot.count) values for \(variables.count) parameters and buffers")
    }
    for ((_, variable), value) in zip(variables, snapshot) { try variable.assign(value) }
  }

  /// Writes a checkpoint that a run can resume from.
  ///
  /// Of several processes the first writes, and all must call this.
  public func saveCheckpoint(to path: String) throws {
    let checkpoint = try TrainingCheckpoint(self)
    let group = ProcessGroup.current
    try group.fetch(checkpoint.file.entries.map(\.tensor))
    if group.isCoordinator { try checkpoint.write(to: path) }
    lastCheckpoint = path
  }
}
