import ApusCore
import ApusInterop
import Foundation

/// Writes the figures of every epoch to a CSV file, a row as each ends; of several processes the
/// first does.
public final class CSVLog: Callback {
  public let path: String
  private var columns: [String] = []

  public init(path: String) { self.path = path }

  /// The columns, in order: `epoch`, then figures by name, then `seconds`.
  public func epochEnded(_ run: TrainingRun, _ values: [String: Double]) throws {
    guard ProcessGroup.current.isCoordinator else { return }
    if columns.isEmpty {
      columns = values.keys.sorted()
      // Rows of earlier epochs come from the history, so that a resumed run's file is whole.
      var text = (["epoch"] + columns + ["seconds"]).map(Self.field).joined(separator: ",") + "\n"
      for epoch in run.history.epochs { text += row(epoch) }
      guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
        throw FileError(path: path, reason: "cannot write")
      }
      return
    }
    guard let last = run.history.epochs.last else { return }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw FileError(path: path, reason: "cannot write")
    }
    defer { try? handle.close() }
    do {
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(row(last).utf8))
    } catch {
      throw FileError(path: path, reason: "cannot write: \(error.localizedDescription)")
    }
  }

  private func row(_ epoch: History.Epoch) -> String {
    let figures = columns.map { epoch.values[$0].map { "\($0)" } ?? "" }
    return (["\(epoch.number)"] + figures + ["\(epoch.seconds)"]).joined(separator: ",") + "\n"
  }

  /// A field, quoted where it must be.
  static func field(_ text: String) -> String {
    text.contains { $0 == "," || $0 == "\"" || $0 == "\n" }
      ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
  }
}
