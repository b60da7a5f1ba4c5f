import ApusCore
import Foundation

/// Finds PJRT plugins on this machine.
enum PluginDiscovery {
  /// The file of the plugin for a platform.
  static func path(of platform: String) throws(TensorError) -> String {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["APUS_PJRT_\(platform.uppercased())"] { return path }
    throw TensorError(
      operation: "device",
      reason: "no PJRT plugin for \(platform): set APUS_PJRT_\(platform.uppercased()) to its file")
  }
}
