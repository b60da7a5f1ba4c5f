import Apus
import Foundation
import Synchronization

/// Ends a run with a checkpoint when the user interrupts it; a second time ends the process.
///
/// Several processes end after the same step: they ask each other now and then.
final class Interruption: Callback {
  private static let requested = Atomic<Bool>(false)
  /// How many steps several processes make before they ask each other.
  private static let stepsBetweenVotes = 16
  private let folder: RunFolder
  private let vote: ProcessVote?

  /// Whether the run was ended so.
  static var happened: Bool { requested.load(ordering: .relaxed) }

  init(_ folder: RunFolder) throws {
    self.folder = folder
    vote = try ProcessVote(.current, on: "interruption")
    _ = Self.happened
    // A parent may have started this process with the signals held back.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { received in
        Interruption.requested.store(true, ordering: .relaxed)
        signal(received, SIG_DFL)
      }
    }
  }

  var watchesBatches: Bool { true }

  func batchEnded(_ run: TrainingRun) throws {
    if vote != nil, run.trainer.step % Self.stepsBetweenVotes != 0 { return }
    if try isAgreed() { run.stop("interrupted") }
  }

  /// Whether this process was interrupted, or another of the group.
  private func isAgreed() throws -> Bool {
    guard let vote else { return Self.happened }
    let isAgreed = try vote.isAnyFor(Self.happened)
    if isAgreed { Self.requested.store(true, ordering: .relaxed) }
    return isAgreed
  }

  func trainingEnded(_ run: TrainingRun) throws {
    guard try isAgreed() else { return }
    let digits = String(run.trainer.step)
    let name = String(repeating: "0", count: max(9 - digits.count, 0)) + digits
    try run.saveCheckpoint(to: "\(folder.checkpoints)/checkpoint-\(name).safetensors")
  }
}
