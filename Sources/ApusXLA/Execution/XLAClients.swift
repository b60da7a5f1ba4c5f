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
    let settings = ClientSettings(.ofProcess)
    let options = try settings.options(for: found.platform, devices: count)
    let result: Result<PJRTClient, TensorError> = made.withLock { made in
      // A processor is as many devices as one asks for; a client keeps the number it began with.
      let key = found.platform == "cpu" ? "\(path) \(count)" : path
      if let known = made[key] { return .success(known) }
      do throws(TensorError) {
        try settings.check(path, options)
        let plugin = try PJRTPlugin.open(path)
        let client = try PJRTClient(plugin, options: options)
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

extension XLAPlacement {
  /// Finds the devices that a device names.
  init(_ device: Device) throws(TensorError) {
    switch device.kind {
    case .xla(let platform, let index):
      let client = try XLAClients.client(platform, devices: index + 1)
      guard client.devices.indices.contains(index) else {
        throw TensorError(
          operation: "device",
          reason: "\(device) does not exist: \(platform) has \(client.devices.count) devices")
      }
      self.init(client: client, devices: [client.devices[index]], mesh: nil)
    case .mesh(let mesh):
      if let mistake = mesh.mistake { throw TensorError(operation: "mesh", reason: mistake) }
      let client = try XLAClients.client(mesh.platform, devices: mesh.count)
      guard client.devices.count >= mesh.count else {
        throw TensorError(
          operation: "mesh",
          reason: "\(mesh) needs \(mesh.count) devices: there are \(client.devices.count)")
      }
      self.init(client: client, devices: Array(client.devices.prefix(mesh.count)), mesh: mesh)
    case .standard, .invalid:
      throw TensorError(operation: "device", reason: "\(device) is no device of a plugin")
    }
  }
}
