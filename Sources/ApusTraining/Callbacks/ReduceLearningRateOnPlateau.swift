import ApusCore
import ApusNN

/// Lowers the learning rate when a figure has stopped getting better.
///
/// The rate is that of optimizer and schedule times ``Trainer/rateFactor``, which this changes.
public final class ReduceLearningRateOnPlateau: Callback {
  public let monitor: String
  /// Settings and memory.
  public private(set) var plateau: Plateau
  private let initial: Plateau

  /// Creates a callback.
  ///
  /// - Parameters:
  ///   - monitor: The figure: `val_loss`, or `loss` when there is no validation.
  ///   - plateau: What counts as a plateau, and what is done.
  public init(monitor: String = "val_loss", _ plateau: Plateau) {
    self.monitor = monitor
    self.plateau = plateau
    initial = plateau
  }

  /// Creates a callback with PyTorch's settings but for the patience.
  ///
  /// - Throws: A setting that makes no sense.
  public convenience init(
    monitor: String = "val_loss", factor: Double = 0.1, patience: Int = 10
  ) throws {
    try self.init(
      monitor: monitor,
      Plateau(
        isRising: monitor.contains("accuracy") || monitor.contains("top"), factor: factor,
        patience: patience))
  }

  public func trainingBegan(_ run: TrainingRun) {
    if run.history.epochs.isEmpty { plateau = initial }
  }

  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    guard let value = values[monitor] else {
      throw TensorError(
        operation: "ReduceLearningRateOnPlateau",
        reason: "there is no figure \"\(monitor)\"; there are: "
          + values.keys.sorted().joined(separator: ", "))
    }
    let rate = run.trainer.learningRate
    let next = plateau.rate(after: value, from: rate)
    if next != rate, rate > 0 { run.trainer.rateFactor *= next / rate }
  }

  public var savedState: CallbackState {
    var values = ["waited": Double(plateau.waited), "cooling": Double(plateau.cooling)]
    if let best = plateau.best { values["best"] = best }
    return CallbackState(values: values)
  }

  public func restore(_ state: CallbackState) {
    plateau.best = state.values["best"]
    plateau.waited = min(max(Int(lossy: state.values["waited"] ?? 0), 0), 1 << 53)
    plateau.cooling = min(max(Int(lossy: state.values["cooling"] ?? 0), 0), 1 << 53)
  }
}
