import ApusCore

/// The PJRT plugins of this machine.
///
/// ```swift
/// for plugin in XLAPlugins.found() {
///   print(plugin)
///   print(try XLAPlugins.details(of: plugin.path))
/// }
/// ```
/// Files are looked for in this order: `APUS_PJRT_<PLATFORM>`, such as `APUS_PJRT_CUDA`;
/// `APUS_PJRT_PLUGIN`; `PJRT_NAMES_AND_LIBRARY_PATHS`, as JAX reads it; `PJRT_PLUGIN_LIBRARY_PATH`, files
/// or folders; then `.deps/pjrt` of this package and installed Python packages, of which that with the
/// newest API is taken.
public enum XLAPlugins {
  /// All plugins that are found, those that are taken first in front. None is opened.
  public static func found() -> [PluginDescription] { PluginDiscovery.here.found }

  /// The plugin that a device of a platform uses.
  ///
  /// - Throws: When there is none, with all that was looked at.
  public static func plugin(for platform: String) throws(TensorError) -> PluginDescription {
    try PluginDiscovery.here.plugin(for: platform)
  }

  /// What a plugin tells of itself and its devices, asked in a process of its own.
  ///
  /// - Throws: Why it cannot be used: no plugin, a version that is not spoken here, no devices, an
  ///   end of its process.
  public static func details(of path: String) throws(TensorError) -> PluginDetails {
    let plugin = PluginDescription(path: path, origin: "its path")
    var options = try ClientSettings(.ofProcess).options(for: plugin.platform, devices: 1)
    // Looking must not take the memory that others use.
    if ClientSettings.isGPU(plugin.platform) { options["preallocate"] = .flag(false) }
    return try PluginDetails(PluginTrial(path: path, options: options))
  }
}

/// What a plugin tells of itself and its devices.
public struct PluginDetails: Sendable, Hashable {
  /// One device of this process.
  public struct Device: Sendable, Hashable {
    public let id: Int
    /// What it is, such as `NVIDIA H200`.
    public let kind: String
    /// Bytes in use, and bytes there are, where the plugin tells.
    public let usedMemory: Int?
    public let memory: Int?
  }

  public let path: String
  /// The platform as the plugin calls it.
  public let platform: String
  public let platformVersion: String
  /// The version of the PJRT API, such as `0.115`.
  public let apiVersion: String
  /// The StableHLO that the plugin reads, and the oldest it still does, where it tells.
  public let stableHLO: String?
  public let oldestStableHLO: String?
  /// Everything that the plugin tells, by name.
  public let attributes: [String: String]
  public let devices: [Device]

  init(_ trial: PluginTrial) throws(TensorError) {
    if let mistake = trial.versionMistake ?? trial.mistake {
      throw TensorError(operation: TensorError.deviceOperation, reason: mistake)
    }
    let version = trial.apiVersion ?? (0, 0)
    path = trial.path
    platform = trial.platform
    platformVersion = trial.platformVersion
    apiVersion = "\(version.0).\(version.1)"
    stableHLO = trial.attributes["stablehlo_current_version"]
    oldestStableHLO = trial.attributes["stablehlo_minimum_version"]
    attributes = trial.attributes
    devices = trial.devices.map {
      Device(id: $0.id, kind: $0.kind, usedMemory: $0.used, memory: $0.limit)
    }
    if devices.isEmpty {
      throw TensorError(
        operation: TensorError.deviceOperation, reason: "the plugin \(path) has no devices")
    }
  }
}

extension PluginTrial {
  /// Why the plugin's versions do not fit, if they do not.
  var versionMistake: String? {
    guard let (major, minor) = apiVersion else { return nil }
    return PluginHandshake.mistake(
      path, major: major, minor: minor, isComplete: isComplete, attributes: attributes)
  }
}
