import Apus

/// Reads the loss of every step, and measures the steps after the first.
final class StepWatch: Callback {
  private let steps: Int
  private var watch = Stopwatch()
  private var total = 0.0
  private(set) var seconds = 0.0
  private(set) var loss = 0.0
  private(set) var firstLoss = 0.0

  init(steps: Int) { self.steps = steps }

  var watchesBatches: Bool { true }

  func batchEnded(_ run: TrainingRun) {
    // The run knows the mean over the epoch so far.
    let sum = run.loss * Double(run.batch)
    loss = sum - total
    total = sum
    if run.batch == 1 {
      firstLoss = sum
      watch = Stopwatch()
    }
    if run.batch == steps + 1 { seconds = watch.seconds }
  }
}
