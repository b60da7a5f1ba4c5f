import Apus

/// Measures the steps after the first.
final class StepWatch: Callback {
  private let steps: Int
  private let readEvery: Int
  private var start = ContinuousClock.now
  private var total = 0.0
  private(set) var seconds = 0.0
  private(set) var loss = 0.0
  private(set) var firstLoss = 0.0

  init(steps: Int, readEvery: Int) {
    self.steps = steps
    self.readEvery = readEvery
  }

  var watchesBatches: Bool { true }

  func batchEnded(_ run: TrainingRun) {
    let step = run.batch - 1
    if step == 0 {
      total = run.loss
      firstLoss = run.loss
      start = .now
      return
    }
    // The sum before the last step is needed to tell that step's own loss from the mean.
    guard step % readEvery == 0 || step >= steps - 1 else { return }
    let sum = run.loss * Double(run.batch)
    loss = sum - total
    total = sum
    if step == steps { seconds = (ContinuousClock.now - start) / .seconds(1) }
  }
}
