import ApusCore
import ApusInterop
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Shows a run: a bar that moves on a terminal, a line per epoch elsewhere.
///
/// The bar is drawn again at most ten times a second, whatever the steps take.
final class ProgressBar: Callback {
  private let isLive: Bool
  private let width: Int
  private let write: (String) throws -> Void
  private var epochStart = 0.0
  private var firstBatch = 0
  private var nextDraw = 0.0
  private var drawnLength = 0

  init(style: ProgressStyle = .automatic, write: ((String) throws -> Void)? = nil) {
    isLive = style == .automatic && isatty(1) == 1
    width = 24
    self.write =
      write ?? { text in
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBytes { bytes in
          do throws(SystemError) { try AtomicWriter.write(bytes, to: STDOUT_FILENO) } catch {
            throw FileError(path: "standard output", doing: "write", code: error.code)
          }
        }
      }
  }

  var watchesBatches: Bool { isLive }

  func epochBegan(_ run: TrainingRun) {
    epochStart = FitLoop.seconds()
    firstBatch = run.samples
    nextDraw = epochStart + 0.1
  }

  func batchEnded(_ run: TrainingRun) throws {
    let now = FitLoop.seconds()
    guard now >= nextDraw else { return }
    nextDraw = now + 0.1
    let elapsed = max(now - epochStart, 1e-9)
    let rate = Double(run.samples - firstBatch) / elapsed
    let left = Double(run.sampleCount - run.samples) / max(rate, 1e-9)
    let share = Double(run.batch) / Double(max(run.batchCount, 1))
    let filled = Int((share * Double(width)).rounded(.down))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    try draw(
      "epoch \(run.epoch)/\(run.epochs) \(bar) \(run.batch)/\(run.batchCount)"
        + Self.text(run.figures, order: run.trainer.figureNames)
        + "  \(Self.rate(rate))  \(Self.duration(left)) left")
  }

  func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    let elapsed = max(FitLoop.seconds() - epochStart, 1e-9)
    let names = run.trainer.figureNames
    let line =
      "epoch \(run.epoch)/\(run.epochs)"
      + Self.text(values, order: names + names.map { "val_" + $0 })
      + "  \(Self.rate(Double(run.sampleCount - firstBatch) / elapsed))"
      + "  \(Self.duration(elapsed))"
    try draw(line)
    try finishLine()
  }

  func trainingEnded(_ run: TrainingRun) throws {
    if drawnLength > 0 { try finishLine() }
    if let reason = run.stopReason { try write("stopped: \(reason)\n") }
  }

  func trainingFailed(_ run: TrainingRun, _ error: any Error) {
    if drawnLength > 0 { try? finishLine() }
  }

  private func draw(_ line: String) throws {
    guard isLive else {
      try write(line)
      drawnLength = line.count
      return
    }
    let blank = String(repeating: " ", count: max(drawnLength - line.count, 0))
    try write("\r" + line + blank)
    drawnLength = line.count
  }

  private func finishLine() throws {
    try write("\n")
    drawnLength = 0
  }

  static func text(_ values: [String: Double], order: [String]) -> String {
    order.compactMap { name in values[name].map { "  \(name) \(number($0))" } }.joined()
  }

  /// Four digits after the point, or an exponent for the very small.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    let isPlain = value == 0 || (abs(value) >= 1e-3 && abs(value) < 1e6)
    return String(format: isPlain ? "%.4f" : "%.3e", value)
  }

  static func rate(_ perSecond: Double) -> String {
    perSecond >= 10_000
      ? String(format: "%.1fk samples/s", perSecond / 1000)
      : String(format: "%.0f samples/s", perSecond)
  }

  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "–" }
    if seconds < 60 { return String(format: "%.1fs", seconds) }
    let whole = Int(seconds)
    return whole < 3600
      ? "\(whole / 60)m\(whole % 60)s" : "\(whole / 3600)h\(whole % 3600 / 60)m"
  }
}
