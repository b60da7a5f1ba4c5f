import ApusCore

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
      self.init(client: client, ids: [client.devices[index].id], mesh: nil)
    case .mesh(let mesh):
      if let mistake = mesh.mistake { throw TensorError(operation: "mesh", reason: mistake) }
      let client = try XLAClients.client(mesh.platform, devices: mesh.count)
      guard client.deviceIDs.count >= mesh.count else {
        throw TensorError(
          operation: "mesh",
          reason: "\(mesh) needs \(mesh.count) devices: there are \(client.deviceIDs.count)")
      }
      self.init(client: client, ids: Array(client.deviceIDs.prefix(mesh.count)), mesh: mesh)
      guard !devices.isEmpty else {
        throw TensorError(
          operation: "mesh",
          reason: "\(mesh) has no device of process \(ProcessGroup.current.index): there are "
            + "\(client.deviceIDs.count), give it all")
      }
    case .standard, .invalid:
      throw TensorError(operation: "device", reason: "\(device) is no device of a plugin")
    }
  }
}
