import ApusCore
import Synchronization

/// One run of a program, under way or done.
final class XLARun: Sendable {
  private struct State {
    var events: [PJRTEvent]
    var report: PJRTBuffer?
    var outcome: TensorError?
    var isDone = false
    /// Whether the outcome is a mistake in the data, which leaves state as it was.
    var isDataError = false
    var isTold = false
  }

  private let state: Mutex<State>
  private let checks: [DataCheck]

  /// - Parameter report: What the checks of the data found, as the program's last result.
  init(_ events: [PJRTEvent], report: PJRTBuffer?, checks: [DataCheck]) {
    state = Mutex(State(events: events, report: report))
    self.checks = checks
  }

  /// Whether only a look at the data tells if the results hold.
  var hasChecks: Bool { !checks.isEmpty }

  /// Waits until the run is done.
  ///
  /// - Throws: The error of the device, or of the data; every time.
  func finish() throws(TensorError) {
    let outcome: TensorError? = state.withLock { state in
      complete(&state)
      state.isTold = true
      return state.outcome
    }
    if let outcome { throw outcome }
  }

  /// Waits until the run is done, whatever came of it: those are told who want its results.
  func wait() { state.withLock { complete(&$0) } }

  private func complete(_ state: inout State) {
    if state.isDone { return }
    state.isDone = true
    state.outcome = result(&state)
    (state.events, state.report) = ([], nil)
  }

  /// Waits until the run is done; for state, which a mistake in the data leaves as it was.
  ///
  /// - Throws: The error of the device; that of the data unless somebody has been told.
  func settle() throws(TensorError) {
    if state.withLock({ $0.isDone && $0.isDataError && $0.isTold }) { return }
    try finish()
  }

  private func result(_ state: inout State) -> TensorError? {
    do throws(TensorError) {
      for event in state.events { try event.wait() }
      guard let report = state.report else { return nil }
      var numbers = [Int64](repeating: -1, count: 2 * checks.count)
      let failure: TensorError? = numbers.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return nil }
        do throws(TensorError) {
          try report.read(into: base, byteCount: bytes.count)
          return nil
        } catch { return error }
      }
      if let failure { throw failure }
      for (index, check) in checks.enumerated() where numbers[2 * index] >= 0 {
        state.isDataError = true
        return check.error(position: numbers[2 * index], value: numbers[2 * index + 1])
      }
      return nil
    } catch { return error }
  }
}
