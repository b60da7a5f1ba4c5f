import ApusCore
import CApusDynamic

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Finds PJRT plugins on this machine.
///
/// Files that variables name are taken before those that lie where packages put them; of several of
/// the latter the one of the newest API.
struct PluginDiscovery {
  let environment: [String: String]
  /// The folder of this package, under which `.deps/pjrt` may hold plugins.
  let packageDirectory: String?
  /// The API version, major and minor, of a file; `nil` for one that is no plugin.
  let version: (String) -> (Int, Int)?

  /// This machine, as the process sees it.
  static var here: PluginDiscovery {
    PluginDiscovery(
      environment: .ofProcess,
      packageDirectory: apus_package_directory().map { String(cString: $0) },
      version: { PluginTrial(path: $0).apiVersion })
  }

  // MARK: Places

  /// Files that variables name, in the order in which they are taken.
  var named: [PluginDescription] {
    var result: [PluginDescription] = []
    for (variable, path) in environment.sorted(by: { $0.key < $1.key }) where !path.isEmpty {
      guard variable.hasPrefix("APUS_PJRT_"), variable != "APUS_PJRT_PLUGIN" else { continue }
      let platform = variable.dropFirst("APUS_PJRT_".count).lowercased()
      result.append(PluginDescription(platform: platform, path: path, origin: variable))
    }
    if let path = environment["APUS_PJRT_PLUGIN"], !path.isEmpty {
      result.append(PluginDescription(path: path, origin: "APUS_PJRT_PLUGIN"))
    }
    let pairs = "PJRT_NAMES_AND_LIBRARY_PATHS"
    for pair in (environment[pairs] ?? "").split(separator: ",") {
      guard let colon = pair.firstIndex(of: ":") else { continue }
      result.append(
        PluginDescription(
          platform: pair[..<colon].lowercased(), path: String(pair[pair.index(after: colon)...]),
          origin: pairs))
    }
    // Some take this for a list of folders, others for a file.
    let list = "PJRT_PLUGIN_LIBRARY_PATH"
    for path in (environment[list] ?? "").split(separator: ":").map(String.init) {
      let files = Folder.isFolder(path) ? Folder.libraries(in: path) : [path]
      result += files.map { PluginDescription(path: $0, origin: list) }
    }
    return result
  }

  /// Files that lie where plugins are installed.
  var installed: [PluginDescription] {
    var result: [PluginDescription] = []
    if let packageDirectory {
      let folder = packageDirectory + "/.deps/pjrt"
      for path in [folder] + Folder.entries(of: folder).map({ "\(folder)/\($0)" }) {
        result += Folder.libraries(in: path).map { PluginDescription(path: $0, origin: folder) }
      }
    }
    return result + PythonPackages(environment: environment).plugins
  }

  /// All files, once each, those that are taken first in front.
  var found: [PluginDescription] {
    var known: Set<String> = []
    return (named + installed).filter {
      known.insert("\($0.platform) \(Folder.resolved($0.path) ?? $0.path)").inserted
    }
  }

  // MARK: Choice

  /// The plugin for a platform, or the one in the file that `platform` is the path of.
  ///
  /// - Throws: When there is none, with all that was looked at.
  func plugin(for platform: String) throws(TensorError) -> PluginDescription {
    if platform.contains("/") {
      return try existing(PluginDescription(path: platform, origin: "its path"))
    }
    let wanted = platform.lowercased()
    // A file that a variable calls a plugin without telling for what serves anything.
    if let choice = named.first(where: {
      $0.serves(wanted) || $0.origin == "APUS_PJRT_PLUGIN" && $0.platform == "unknown"
    }) {
      return try existing(choice)
    }
    let candidates = installed.filter { $0.serves(wanted) }
    if candidates.count > 1, let newest = newest(of: candidates) { return newest }
    if let only = candidates.first { return only }
    throw TensorError(operation: "device", reason: absence(of: wanted))
  }

  private func existing(_ plugin: PluginDescription) throws(TensorError) -> PluginDescription {
    if Folder.exists(plugin.path), !Folder.isFolder(plugin.path) { return plugin }
    throw TensorError(
      operation: "device", reason: "there is no plugin \(plugin.path), which \(plugin.origin) names"
    )
  }

  private func newest(of candidates: [PluginDescription]) -> PluginDescription? {
    var best: (plugin: PluginDescription, version: (Int, Int))?
    for candidate in candidates {
      guard let version = version(candidate.path) else { continue }
      if let known = best?.version, known >= version { continue }
      best = (candidate, version)
    }
    return best?.plugin
  }

  /// Says that there is no plugin, and what was looked at.
  private func absence(of platform: String) -> String {
    var lines = ["no PJRT plugin for \(platform) was found"]
    let variables = [
      "APUS_PJRT_\(platform.uppercased())", "APUS_PJRT_PLUGIN", "PJRT_NAMES_AND_LIBRARY_PATHS",
      "PJRT_PLUGIN_LIBRARY_PATH",
    ]
    for name in variables {
      lines.append("  \(name): " + (environment[name].map { "\"\($0)\"" } ?? "not set"))
    }
    if let packageDirectory { lines.append("  looked in \(packageDirectory)/.deps/pjrt") }
    for directory in PythonPackages(environment: environment).directories {
      lines.append("  looked in \(directory)")
    }
    for other in found { lines.append("  found \(other)") }
    return lines.joined(separator: "\n")
  }
}

extension [String: String] {
  /// The variables of this process, as they are now.
  static var ofProcess: [String: String] {
    var result: [String: String] = [:]
    var place = apus_environment()
    while let entry = place?.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      place = place?.successor()
    }
    return result
  }
}
