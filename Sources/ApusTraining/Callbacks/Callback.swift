import ApusCore

/// Something that watches a run and may end it.
public protocol Callback: AnyObject {
  /// Whether ``batchEnded(_:)`` is to be called.
  var watchesBatches: Bool { get }
  /// The name of what it keeps in checkpoints; one of a kind per run.
  var name: String { get }
  /// What a resumed run must give back to it.
  var savedState: CallbackState { get }

  func restore(_ state: CallbackState) throws
  func trainingBegan(_ run: TrainingRun) throws
  func epochBegan(_ run: TrainingRun) throws
  func batchEnded(_ run: TrainingRun) throws
  func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws
  func trainingEnded(_ run: TrainingRun) throws
  func trainingFailed(_ run: TrainingRun, _ error: any Error)
}

/// What a callback keeps in checkpoints.
public struct CallbackState: Sendable {
  public var values: [String: Double]
  public var tensors: [Tensor]

  public init(values: [String: Double] = [:], tensors: [Tensor] = []) {
    self.values = values
    self.tensors = tensors
  }
}

extension Callback {
  public var watchesBatches: Bool { false }
  public var name: String { "\(Self.self)" }
  public var savedState: CallbackState { CallbackState() }
  public func restore(_ state: CallbackState) throws {}
  public func trainingBegan(_ run: TrainingRun) throws {}
  public func epochBegan(_ run: TrainingRun) throws {}
  public func batchEnded(_ run: TrainingRun) throws {}
  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {}
  public func trainingEnded(_ run: TrainingRun) throws {}
  public func trainingFailed(_ run: TrainingRun, _ error: any Error) {}
}

/// A callback made of closures.
public final class ClosureCallback: Callback {
  private let onBatch: ((TrainingRun) throws -> Void)?
  private let onEpoch: ((TrainingRun, [String: Double]) throws -> Void)?
  private let onEnd: ((TrainingRun) throws -> Void)?

  public init(
    batchEnded: ((TrainingRun) throws -> Void)? = nil,
    epochEnded: ((TrainingRun, [String: Double]) throws -> Void)? = nil,
    trainingEnded: ((TrainingRun) throws -> Void)? = nil
  ) {
    onBatch = batchEnded
    onEpoch = epochEnded
    onEnd = trainingEnded
  }

  public var watchesBatches: Bool { onBatch != nil }
  public func batchEnded(_ run: TrainingRun) throws { try onBatch?(run) }
  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    try onEpoch?(run, values)
  }
  public func trainingEnded(_ run: TrainingRun) throws { try onEnd?(run) }
}

/// Ends the run when the loss is no longer a finite number.
public final class TerminateOnNaN: Callback {
  public init() {}
  public var watchesBatches: Bool { true }
  public func batchEnded(_ run: TrainingRun) {
    let loss = run.loss
    if !loss.isFinite {
      run.stop("the loss is \(loss) in epoch \(run.epoch), batch \(run.batch)")
    }
  }
}
