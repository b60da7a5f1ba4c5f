import ApusCore
import Foundation

/// What a process tells the others before they begin.
struct ProcessAnnouncement: Codable, Sendable, Hashable, CustomStringConvertible {
  var host: String
  var process: Int32
  var apus: String
  /// The plugin's file, which may lie elsewhere on each host.
  var plugin: String
  /// The versions of its API and of the StableHLO it reads.
  var api: String
  var stableHLO: String

  var description: String { "\(host), process \(process)" }

  /// What must be the same for all, by name.
  private var versions: [(name: String, value: String)] {
    [("Apus", apus), ("PJRT API", api), ("StableHLO", stableHLO)]
  }

  /// What the processes do not agree on, if there is anything.
  static func disagreement(of all: [ProcessAnnouncement]) -> String? {
    guard let first = all.first else { return nil }
    for (index, other) in all.enumerated().dropFirst() {
      for (mine, theirs) in zip(first.versions, other.versions) where mine.value != theirs.value {
        return "the processes differ in \(mine.name): 0 (\(first)) has \(mine.value) in "
          + "\(first.plugin), \(index) (\(other)) has \(theirs.value) in \(other.plugin)"
      }
    }
    return nil
  }
}

extension ProcessAnnouncement {
  /// This process with a plugin.
  init(_ plugin: PJRTPlugin) {
    self.init(
      host: ProcessInfo.processInfo.hostName, process: getpid(), apus: ApusVersion.current,
      plugin: plugin.path, api: "\(plugin.major).\(plugin.minor)",
      stableHLO: plugin.attributes["stablehlo_current_version"] ?? "unknown")
  }
}
