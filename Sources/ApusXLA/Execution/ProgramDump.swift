import Foundation
import Synchronization

/// Writes the text of every program to the folder that `APUS_XLA_DUMP` names: what to look at, or to
/// report, when a compiler does something odd.
enum ProgramDump {
  /// Writes a program; a folder that cannot be written to is told and loses nothing.
  static func write(_ text: String, to folder: URL? = folder) {
    guard let folder else { return }
    let file = folder.appending(path: "apus-\(number.add(1, ordering: .relaxed).newValue).mlir")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    } catch {
      FileHandle.standardError.write(Data("APUS_XLA_DUMP: cannot write \(file.path)\n".utf8))
    }
  }

  private static let number = Atomic(0)
  static let folder = ProcessInfo.processInfo.environment["APUS_XLA_DUMP"]
    .flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
}
