import ApusCore
import ApusInterop
import Foundation

/// Writes checkpoints as the run goes, keeps the last few, and the best if asked to.
///
/// Files are named by step, `checkpoint-000000123.safetensors`, and written in one step: whatever
/// ends the process, the latest complete one can be resumed from. Resume with
/// `fit(…, resumingFrom: folder)`.
public final class Checkpoint: Callback {
  /// When to write.
  public enum Interval: Sendable, Hashable {
    case epochs(Int)
    case steps(Int)
  }

  public let folder: String
  public let interval: Interval
  public let keepLast: Int
  /// The figure whose best epoch is kept as `best.safetensors`.
  public let bestOf: String?
  private var best: Double?

  public init(
    folder: String, every interval: Interval = .epochs(1), keepLast: Int = 3,
    bestOf: String? = nil
  ) {
    self.folder = folder
    self.interval = interval
    self.keepLast = keepLast
    self.bestOf = bestOf
  }

  public var watchesBatches: Bool { if case .steps = interval { true } else { false } }

  public func trainingBegan(_ run: TrainingRun) throws {
    guard ProcessGroup.current.isCoordinator else { return }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FileError(path: folder, reason: "cannot make the folder: \(Self.reason(error))")
    }
    // Parts of files that an earlier process could not finish.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(".checkpoint-") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  public func batchEnded(_ run: TrainingRun) throws {
    guard case .steps(let count) = interval, run.hasUpdated, run.trainer.step % max(count, 1) == 0,
      run.batch < run.batchCount
    else { return }
    try write(run)
  }

  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    if let bestOf, let value = values[bestOf],
      best.map({ Direction.automatic.isBetter(value, than: $0, by: 0, name: bestOf) })
        ?? !value.isNaN
    {
      best = value
      try run.saveCheckpoint(to: folder + "/best.safetensors")
    }
    switch interval {
    case .epochs(let count): if run.epoch % max(count, 1) == 0 { try write(run) }
    case .steps(let count): if run.trainer.step % max(count, 1) == 0 { try write(run) }
    }
  }

  public func trainingEnded(_ run: TrainingRun) throws {
    if case .epochs(let count) = interval, run.epoch % max(count, 1) == 0 { return }
    try write(run)
  }

  public var savedState: CallbackState {
    CallbackState(values: best.map { ["best": $0] } ?? [:])
  }

  public func restore(_ state: CallbackState) { best = state.values["best"] }

  private func write(_ run: TrainingRun) throws {
    let digits = String(run.trainer.step)
    let name = String(repeating: "0", count: max(9 - digits.count, 0)) + digits
    try run.saveCheckpoint(to: "\(folder)/checkpoint-\(name).safetensors")
    guard ProcessGroup.current.isCoordinator else { return }
    for old in Self.files(in: folder).dropLast(max(keepLast, 1)) {
      try? FileManager.default.removeItem(atPath: old.path)
    }
  }

  /// The checkpoints of a folder, oldest first.
  static func files(in folder: String) -> [(step: Int, path: String)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name -> (step: Int, path: String)? in
      guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors"),
        let step = Int(name.dropFirst("checkpoint-".count).dropLast(".safetensors".count))
      else { return nil }
      return (step, folder + "/" + name)
    }.sorted { $0.step < $1.step }
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return underlying?.localizedDescription ?? (error as NSError).localizedDescription
  }
}
