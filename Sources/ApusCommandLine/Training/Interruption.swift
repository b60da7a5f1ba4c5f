import Apus
import Foundation
import Synchronization

/// Ends a run with a checkpoint when the user interrupts it; a second time ends the process.
final class Interruption: Callback {
  private static let requested = Atomic<Bool>(false)
  private let folder: RunFolder

  /// Whether the run was ended so.
  static var happened: Bool { requested.load(ordering: .relaxed) }

  init(_ folder: RunFolder) {
    self.folder = folder
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

  func batchEnded(_ run: TrainingRun) {
    if Self.happened { run.stop("interrupted") }
  }

  func trainingEnded(_ run: TrainingRun) throws {
    guard Self.happened else { return }
    let digits = String(run.trainer.step)
    let name = String(repeating: "0", count: max(9 - digits.count, 0)) + digits
    try run.saveCheckpoint(to: "\(folder.checkpoints)/checkpoint-\(name).safetensors")
  }
}
