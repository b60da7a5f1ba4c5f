import ApusCore

/// Runs graphs on devices of a PJRT plugin: written as StableHLO, compiled by XLA.
public struct XLAExecutor: Executor {
  let placement: XLAPlacement
  /// How exactly products of 32-bit numbers are computed.
  let precision: String
  public let name: String

  /// The executor of a device.
  ///
  /// - Throws: When no plugin is found for it, the plugin cannot be used, or has too few devices.
  public init(_ device: Device) throws(TensorError) {
    let precision = try ClientSettings(.ofProcess).precision()
    try self.init(XLAPlacement(device), precision: precision)
  }

  init(_ placement: XLAPlacement, precision: String) {
    self.placement = placement
    self.precision = precision
    let ids = placement.ids.map(String.init).joined(separator: ",")
    name =
      "xla \(placement.client.plugin.path) \(placement.client.devices.count) \(ids) "
      + "\(placement.mesh.map { "\($0)" } ?? "") \(precision)"
  }

  public func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    try XLAExecutable(graph, options, placement, precision: precision)
  }
}
