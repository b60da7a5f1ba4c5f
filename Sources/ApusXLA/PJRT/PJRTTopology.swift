import ApusCore
import CApusDynamic

/// Devices that are described, not at hand: programs can be compiled for them, not run.
///
/// Unchecked: a topology does not change, and may be used from any thread.
package final class PJRTTopology: @unchecked Sendable {
  private let plugin: PJRTPlugin
  private let handle: OpaquePointer

  /// - Parameter options: What the plugin wants to know, such as `target_config` and `topology` of
  ///   the plugin for CUDA.
  package init(_ plugin: PJRTPlugin, options: [String: PJRTOption]) throws(TensorError) {
    var topology: OpaquePointer?
    let error = options.withNamedValues {
      apus_pjrt_topology_create(plugin.api, $0.baseAddress, $0.count, &topology)
    }
    try plugin.check(error, doing: "describe devices to the plugin \(plugin.path)")
    guard let topology else {
      throw TensorError(
        operation: TensorError.deviceOperation,
        reason: "the plugin \(plugin.path) took no description of devices")
    }
    self.plugin = plugin
    handle = topology
  }

  deinit { apus_pjrt_topology_destroy(plugin.api, handle) }

  /// Compiles StableHLO text and throws the program away.
  ///
  /// - Throws: What the compiler has against it.
  func compile(_ text: String, options: [UInt8]) throws(TensorError) {
    var text = text
    let error = text.withUTF8 { code in
      options.withUnsafeBytes { options in
        apus_pjrt_compile_for(
          plugin.api, handle, code.baseAddress, code.count, options.baseAddress, options.count)
      }
    }
    try plugin.check(error, doing: "compile the program")
  }
}
