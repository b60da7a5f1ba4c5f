import ApusCore
import Synchronization

/// The clients of this process: one for each plugin, made when first needed.
enum XLAClients {
  private static let made = Mutex<[String: PJRTClient]>([:])
  private static let chosen = Mutex<[String: PluginDescription]>([:])

  /// The client of a platform with at least so many devices.
  static func client(_ platform: String, devices count: Int) throws(TensorError) -> PJRTClient {
    let found = try plugin(for: platform)
    let path = found.path
    let group = ProcessGroup.current
    try group.check()
    let settings = ClientSettings(.ofProcess)
    var options = try settings.options(for: found.platform, devices: count)
    if !group.devices.isEmpty, ClientSettings.isGPU(found.platform) {
      options["visible_devices"] = .integers(group.devices)
    }
    let settled = options
    let result: Result<PJRTClient, TensorError> = made.withLock { made in
      // A processor is as many devices as one asks for; a client keeps the number it began with.
      let key = found.platform == "cpu" ? "\(path) \(count)" : path
      if let known = made[key] { return .success(known) }
      do throws(TensorError) {
        try settings.check(path, settled)
        let plugin = try PJRTPlugin.open(path)
        let client =
          group.count == 1
          ? try PJRTClient(plugin, options: settled)
          : try PJRTClient.shared(
            plugin, platform: found.platform, options: settled, group)
        try found.check(client.platform)
        made[key] = client
        return .success(client)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// The plugin of a platform, looked for once.
  private static func plugin(for platform: String) throws(TensorError) -> PluginDescription {
    if let known = chosen.withLock({ $0[platform] }) { return known }
    let found = try XLAPlugins.plugin(for: platform)
    chosen.withLock { $0[platform] = found }
    return found
  }
}
