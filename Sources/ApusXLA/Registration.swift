import ApusCore

/// Lets devices find this executor; called once when the program is loaded.
@_cdecl("apus_register_xla_executor")
public func registerXLAExecutor() {
  Executors.registerDevices { device throws(TensorError) in try XLAExecutor(device) }
}
