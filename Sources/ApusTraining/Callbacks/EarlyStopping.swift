import ApusCore

/// Whether a figure gets better by rising or by falling.
public enum Direction: Sendable, Hashable {
  case rising, falling
  /// Rising for accuracies and shares, falling for everything else.
  case automatic

  func isBetter(_ value: Double, than best: Double, by margin: Double, name: String) -> Bool {
    switch self {
    case .rising: value > best + margin
    case .falling: value < best - margin
    case .automatic:
      (name.contains("accuracy") || name.contains("top") ? Direction.rising : .falling)
        .isBetter(value, than: best, by: margin, name: name)
    }
  }
}

/// Ends the run when a figure has stopped getting better, and always leaves the model as it was in
/// the best epoch.
public final class EarlyStopping: Callback {
  public let monitor: String
  public let patience: Int
  public let minimumDelta: Double
  public let direction: Direction
  /// The best value so far and its epoch, counted from 1.
  public private(set) var best: (value: Double, epoch: Int)?
  private var waited = 0
  private var snapshot: [Tensor] = []
  private var lastEpoch = 0

  /// Creates a callback.
  ///
  /// - Parameters:
  ///   - monitor: The figure: `val_loss`, or `loss` when there is no validation.
  ///   - patience: How many epochs without an improvement end the run.
  ///   - minimumDelta: What counts as an improvement.
  public init(
    monitor: String = "val_loss", patience: Int = 5, minimumDelta: Double = 0,
    direction: Direction = .automatic
  ) {
    self.monitor = monitor
    self.patience = patience
    self.minimumDelta = minimumDelta
    self.direction = direction
  }

  public func trainingBegan(_ run: TrainingRun) throws {
    guard minimumDelta.isFinite else {
      throw TensorError(
        operation: "EarlyStopping", reason: "minimumDelta \(minimumDelta) is not finite")
    }
    guard run.history.epochs.isEmpty else { return }
    best = nil
    waited = 0
    snapshot = []
  }

  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    guard let value = values[monitor] else {
      throw TensorError(
        operation: "EarlyStopping",
        reason: "there is no figure \"\(monitor)\"; there are: "
          + values.keys.sorted().joined(separator: ", "))
    }
    lastEpoch = run.epoch
    let isBetter =
      best.map {
        direction.isBetter(value, than: $0.value, by: minimumDelta, name: monitor)
      } ?? !value.isNaN
    if isBetter {
      best = (value, run.epoch)
      snapshot = run.snapshot()
      waited = 0
    } else {
      waited += 1
      if waited >= max(patience, 1) {
        run.stop("\(monitor) has not improved for \(waited) epochs")
      }
    }
  }

  public func trainingEnded(_ run: TrainingRun) throws {
    guard let best, best.epoch != lastEpoch || run.batch > 0 else { return }
    try run.restore(snapshot)
  }

  public var savedState: CallbackState {
    var values = ["waited": Double(waited), "lastEpoch": Double(lastEpoch)]
    if let best {
      values["best"] = best.value
      values["bestEpoch"] = Double(best.epoch)
    }
    return CallbackState(values: values, tensors: snapshot)
  }

  public func restore(_ state: CallbackState) {
    waited = min(max(Int(lossy: state.values["waited"] ?? 0), 0), 1 << 53)
    lastEpoch = Int(lossy: state.values["lastEpoch"] ?? 0)
    if let value = state.values["best"], let epoch = state.values["bestEpoch"] {
      best = (value, Int(lossy: epoch))
    }
    snapshot = state.tensors
  }
}
