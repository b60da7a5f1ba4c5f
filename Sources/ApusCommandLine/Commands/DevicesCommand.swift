import Apus
import ArgumentParser
import Foundation

/// `apus devices`.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "Prints the PJRT plugins that are found, their versions, devices and memory.",
    discussion: """
      Looks for plugins in APUS_PJRT_<PLATFORM> (such as APUS_PJRT_CUDA), APUS_PJRT_PLUGIN, \
      PJRT_NAMES_AND_LIBRARY_PATHS, PJRT_PLUGIN_LIBRARY_PATH, .deps/pjrt of the package, and the \
      installed Python packages. Each is opened in a process of its own; what is wrong with one that \
      cannot be used is said under it. The one that --device takes is marked.

      Exit code 1 when --plugin names a file that cannot be used.
      """)

  @Option(help: ArgumentHelp("Look at this file only.", valueName: "path"))
  var plugin: String?

  mutating func run() throws {
    if let plugin {
      let details = try XLAPlugins.details(of: plugin)
      try Console.print(([plugin] + Self.lines(of: details)).joined(separator: "\n"))
      return
    }
    var lines = ["cpu", "  built in, no plugin needed"]
    let found = XLAPlugins.found()
    for plugin in found {
      lines.append("")
      lines += Self.lines(of: plugin)
    }
    if found.isEmpty {
      lines += ["", "no PJRT plugin found; apus devices --help says where they are looked for"]
    }
    try Console.print(lines.joined(separator: "\n"))
  }

  private static func lines(of plugin: PluginDescription) -> [String] {
    let isTaken = (try? XLAPlugins.plugin(for: plugin.platform).path) == plugin.path
    let title = plugin.platform == "cpu" ? "xla:cpu" : plugin.platform
    let head = [
      title + (isTaken ? "" : " (not taken: another plugin comes first)"),
      "  plugin     \(plugin.path)", "  found by   \(plugin.origin)",
    ]
    do {
      return head + lines(of: try XLAPlugins.details(of: plugin.path))
    } catch {
      return head + ["  unusable   " + error.reason.replacing("\n", with: "\n  ")]
    }
  }

  private static func lines(of details: PluginDetails) -> [String] {
    var lines = ["  platform   \(details.platform), \(details.platformVersion)"]
    let range = details.oldestStableHLO.map { ", oldest \($0)" } ?? ""
    lines.append("  PJRT API   \(details.apiVersion)")
    lines.append("  StableHLO  \(details.stableHLO ?? "not told")\(range)")
    for device in details.devices {
      lines.append("  device \(device.id)   \(device.kind)\(memory(of: device))")
    }
    return lines
  }

  private static func memory(of device: PluginDetails.Device) -> String {
    guard let limit = device.memory else { return ", memory not told" }
    func gigabytes(_ bytes: Int) -> String { Format.decimal(Double(bytes) / 1e9, 1) + " GB" }
    return ", memory \(gigabytes(device.usedMemory ?? 0)) used of \(gigabytes(limit))"
  }
}
