import ApusCore
import CApusDynamic

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A compiled program on its devices.
///
/// Unchecked: programs may be run from several threads at once.
final class PJRTProgram: @unchecked Sendable {
  let client: PJRTClient
  /// The devices that it runs on, in the order of arguments and results.
  let devices: [PJRTDevice]
  let outputCount: Int
  private let handle: OpaquePointer

  /// Compiles StableHLO text.
  convenience init(
    _ client: PJRTClient, text: String, options: [UInt8]
  ) throws(TensorError) {
    var loaded: OpaquePointer?
    var text = text
    let error = text.withUTF8 { code in
      options.withUnsafeBytes { options in
        apus_pjrt_compile(
          client.plugin.api, client.handle, code.baseAddress, code.count,
          options.baseAddress, options.count, &loaded)
      }
    }
    try client.plugin.check(error, doing: "compile the program")
    try self.init(client, loaded)
  }

  /// Loads what ``serialized()`` gave, of the same plugin.
  convenience init(_ client: PJRTClient, serialized bytes: [UInt8]) throws(TensorError) {
    var loaded: OpaquePointer?
    let error = bytes.withUnsafeBytes {
      apus_pjrt_deserialize(client.plugin.api, client.handle, $0.baseAddress, $0.count, &loaded)
    }
    try client.plugin.check(error, doing: "load the kept program")
    try self.init(client, loaded)
  }

  private init(_ client: PJRTClient, _ loaded: OpaquePointer?) throws(TensorError) {
    guard let loaded else {
      throw TensorError(
        operation: TensorError.deviceOperation, reason: "the plugin gave no program")
    }
    self.client = client
    handle = loaded
    let api = client.plugin.api
    var list: UnsafePointer<OpaquePointer?>?
    var count = 0
    do throws(TensorError) {
      try client.plugin.check(
        apus_pjrt_loaded_devices(api, loaded, &list, &count), doing: "ask where the program runs")
      let handles = UnsafeBufferPointer(start: list, count: count)
      devices = handles.compactMap { handle in client.devices.first { $0.handle == handle } }
      var outputs = 0
      try client.plugin.check(
        apus_pjrt_output_count(api, loaded, &outputs), doing: "ask for the program's results")
      outputCount = outputs
    } catch {
      apus_pjrt_loaded_destroy(api, loaded)
      throw error
    }
  }

  deinit { apus_pjrt_loaded_destroy(client.plugin.api, handle) }

  /// The program as bytes, for the same build of the same plugin; `nil` where it cannot be told.
  func serialized() -> [UInt8]? {
    var bytes: UnsafeMutableRawPointer?
    var size = 0
    if let error = apus_pjrt_serialize(client.plugin.api, handle, &bytes, &size) {
      _ = apus_pjrt_error_take(client.plugin.api, error, nil, 0)
      return nil
    }
    guard let bytes else { return nil }
    defer { free(bytes) }
    return Array(UnsafeRawBufferPointer(start: bytes, count: size))
  }

  /// Starts the program.
  ///
  /// - Parameters:
  ///   - arguments: All of the first device, then all of the next.
  ///   - kept: Arguments whose memory the program must not take over though it was compiled to.
  /// - Returns: The results of each device, and what tells when a device is done.
  func run(
    _ arguments: [PJRTBuffer], keeping kept: [Int64]
  ) throws(TensorError) -> (results: [[PJRTBuffer]], events: [PJRTEvent]) {
    let count = devices.count
    var outputs = [OpaquePointer?](repeating: nil, count: count * outputCount)
    var events = [OpaquePointer?](repeating: nil, count: count)
    let handles: [OpaquePointer?] = arguments.map(\.handle)
    let error = withExtendedLifetime(arguments) {
      apus_pjrt_execute(
        client.plugin.api, handle, handles, arguments.count / count, kept, kept.count, count,
        &outputs, outputCount, &events)
    }
    try client.plugin.check(error, doing: "run the program")
    let buffers = outputs.compactMap { $0.map { PJRTBuffer(client, $0) } }
    let results = (0..<count).map {
      Array(buffers[($0 * outputCount)..<(($0 + 1) * outputCount)])
    }
    return (results, events.compactMap { $0.map { PJRTEvent(client, $0) } })
  }
}

/// Something that will have happened.
///
/// Unchecked: the owner waits once, under its lock.
final class PJRTEvent: @unchecked Sendable {
  private let client: PJRTClient
  private var handle: OpaquePointer?

  init(_ client: PJRTClient, _ handle: OpaquePointer) {
    self.client = client
    self.handle = handle
  }

  deinit {
    if let handle { apus_pjrt_event_destroy(client.plugin.api, handle) }
  }

  /// Waits; the first call alone.
  func wait() throws(TensorError) {
    guard let handle else { return }
    self.handle = nil
    try client.plugin.check(
      apus_pjrt_event_wait(client.plugin.api, handle), doing: "finish the program")
  }
}
