import ApusCore
import CApusDynamic

/// A setting that a client is created with.
package enum PJRTOption: Sendable, Hashable {
  case text(String)
  case integer(Int)
  case integers([Int])
  case real(Float)
  case flag(Bool)
}

/// A device of a client.
package struct PJRTDevice: @unchecked Sendable {
  /// Unchecked: handles of devices live as long as the client and do not change.
  let handle: OpaquePointer
  package let id: Int
  /// What it is, such as `NVIDIA H200`.
  package let kind: String
}

/// The devices of a plugin, ready for programs and arrays.
///
/// Unchecked: a client may be used from any thread.
package final class PJRTClient: @unchecked Sendable {
  package let plugin: PJRTPlugin
  package let platform: String
  package let platformVersion: String
  /// The devices of this process.
  package let devices: [PJRTDevice]
  /// The numbers of all devices, those of other processes too, in ascending order.
  package let deviceIDs: [Int]
  let handle: OpaquePointer
  /// What other processes are met at; must outlive the client.
  private let store: (any AnyObject & Sendable)?
  /// What compares programs with those of other processes, where there are any.
  let agreement: ProgramAgreement?

  package convenience init(
    _ plugin: PJRTPlugin, options: [String: PJRTOption] = [:], store: PJRTStore? = nil
  ) throws(TensorError) {
    try self.init(plugin, options: options, store: store, agreement: nil)
  }

  init(
    _ plugin: PJRTPlugin, options: [String: PJRTOption], store: PJRTStore?,
    agreement: ProgramAgreement?
  ) throws(TensorError) {
    var client: OpaquePointer?
    let error = options.withNamedValues { values in
      apus_pjrt_client_create(
        plugin.api, values.baseAddress, values.count, store?.callbacks, &client)
    }
    try plugin.check(error, doing: "use the plugin \(plugin.path)")
    guard let client else {
      throw TensorError(
        operation: TensorError.deviceOperation, reason: "the plugin \(plugin.path) gave no client")
    }
    self.plugin = plugin
    self.store = store
    self.agreement = agreement
    handle = client
    do throws(TensorError) {
      var (name, version): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
      var (nameSize, versionSize) = (0, 0)
      try plugin.check(
        apus_pjrt_platform(plugin.api, client, &name, &nameSize, &version, &versionSize),
        doing: "ask the plugin for its platform")
      platform = text(name, nameSize)
      platformVersion = text(version, versionSize)
      devices = try Self.devices(plugin, client, apus_pjrt_addressable_devices)
      deviceIDs = try Self.devices(plugin, client, apus_pjrt_devices).map(\.id).sorted()
    } catch {
      apus_pjrt_client_destroy(plugin.api, client)
      throw error
    }
    if devices.isEmpty {
      throw TensorError(
        operation: TensorError.deviceOperation, reason: "the plugin \(plugin.path) has no devices")
    }
  }

  deinit { apus_pjrt_client_destroy(plugin.api, handle) }

  /// Fills in a list of devices.
  private typealias Listing = (
    OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<UnsafePointer<OpaquePointer?>?>?,
    UnsafeMutablePointer<Int>?
  ) -> OpaquePointer?

  private static func devices(
    _ plugin: PJRTPlugin, _ client: OpaquePointer, _ listing: Listing
  ) throws(TensorError) -> [PJRTDevice] {
    var list: UnsafePointer<OpaquePointer?>?
    var count = 0
    try plugin.check(listing(plugin.api, client, &list, &count), doing: "ask for devices")
    var devices: [PJRTDevice] = []
    for handle in UnsafeBufferPointer(start: list, count: count) {
      guard let handle else { continue }
      var id: Int32 = 0
      var kind: UnsafePointer<CChar>?
      var size = 0
      try plugin.check(
        apus_pjrt_device_describe(plugin.api, handle, &id, &kind, &size),
        doing: "ask what a device is")
      devices.append(PJRTDevice(handle: handle, id: Int(id), kind: text(kind, size)))
    }
    return devices
  }

  /// Bytes in use on a device and its limit, where the plugin tells.
  package func memory(of device: PJRTDevice) -> (used: Int?, limit: Int?) {
    var (used, limit): (Int64, Int64) = (-1, -1)
    if let error = apus_pjrt_device_memory(plugin.api, device.handle, &used, &limit) {
      _ = apus_pjrt_error_take(plugin.api, error, nil, 0)
      return (nil, nil)
    }
    return (used < 0 ? nil : Int(used), limit < 0 ? nil : Int(limit))
  }
}

/// What processes that share a client's devices exchange values through.
package protocol PJRTStore: AnyObject, Sendable {
  /// C functions that the plugin calls from its own threads, as long as the client lives.
  var callbacks: UnsafePointer<apus_pjrt_store> { get }
}

extension [String: PJRTOption] {
  /// Calls `body` with the settings as C sees them.
  func withNamedValues<R>(_ body: (UnsafeBufferPointer<apus_pjrt_named_value>) -> R) -> R {
    var values: [apus_pjrt_named_value] = []
    var owned: [UnsafeMutableRawPointer] = []
    func copied(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
      let copy = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
      if let start = bytes.baseAddress { copy.copyMemory(from: start, byteCount: bytes.count) }
      owned.append(copy)
      return UnsafeRawPointer(copy)
    }
    func copied(_ text: String) -> (UnsafeRawPointer, Int) {
      let bytes = Array(text.utf8)
      return (bytes.withUnsafeBytes { copied($0) }, bytes.count)
    }
    for (name, option) in sorted(by: { $0.key < $1.key }) {
      var value = apus_pjrt_named_value()
      let (start, count) = copied(name)
      value.name = start.assumingMemoryBound(to: CChar.self)
      value.name_size = count
      value.size = 1
      switch option {
      case .text(let text):
        let (start, count) = copied(text)
        value.kind = Int32(apus_pjrt_string)
        value.text = start
        value.size = count
      case .integer(let number):
        value.kind = Int32(apus_pjrt_int64)
        value.number = Int64(number)
      case .integers(let numbers):
        let list = numbers.map(Int64.init)
        value.kind = Int32(apus_pjrt_int64_list)
        value.text = list.withUnsafeBytes { copied($0) }
        value.size = list.count
      case .real(let number):
        value.kind = Int32(apus_pjrt_float)
        value.real = number
      case .flag(let flag):
        value.kind = Int32(apus_pjrt_bool)
        value.number = flag ? 1 : 0
      }
      values.append(value)
    }
    defer { for copy in owned { copy.deallocate() } }
    return values.withUnsafeBufferPointer(body)
  }
}
