import ApusCore
import CApusDynamic
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An opened PJRT plugin: its table of functions and what it tells of itself.
///
/// Plugins are opened once and never closed. Unchecked: the table of a plugin does not change, and
/// its functions may be called from any thread.
package final class PJRTPlugin: @unchecked Sendable {
  package let path: String
  /// The version of the PJRT C API.
  package let major: Int
  package let minor: Int
  /// What the plugin tells, such as `stablehlo_current_version`.
  package let attributes: [String: String]
  let api: OpaquePointer

  private static let opened = Mutex<[String: PJRTPlugin]>([:])

  /// The plugin in a file.
  ///
  /// - Throws: When the file is no plugin, or one of a version that is not spoken here.
  package static func open(_ path: String) throws(TensorError) -> PJRTPlugin {
    let result: Result<PJRTPlugin, TensorError> = opened.withLock { opened in
      if let known = opened[path] { return .success(known) }
      do throws(TensorError) {
        let plugin = try PJRTPlugin(path)
        opened[path] = plugin
        return .success(plugin)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Whether the plugin in a file has been opened in this process.
  static func isOpen(_ path: String) -> Bool { opened.withLock { $0[path] != nil } }

  private init(_ path: String) throws(TensorError) {
    Self.quiet()
    var reason = [CChar](repeating: 0, count: 1024)
    guard let api = apus_pjrt_open(path, &reason, reason.count) else {
      throw TensorError(
        operation: TensorError.deviceOperation,
        reason: "cannot open the plugin \(path): \(text(of: reason))")
    }
    var (major, minor): (Int32, Int32) = (0, 0)
    apus_pjrt_version(api, &major, &minor)
    let isComplete = apus_pjrt_is_complete(api)
    // A table of another version is not called for what it tells.
    attributes = major == 0 && isComplete ? Self.attributes(of: api) : [:]
    if let mistake = PluginHandshake.mistake(
      path, major: Int(major), minor: Int(minor), isComplete: isComplete, attributes: attributes)
    {
      throw TensorError(operation: TensorError.deviceOperation, reason: mistake)
    }
    self.api = api
    self.path = path
    self.major = Int(major)
    self.minor = Int(minor)
    try check(apus_pjrt_initialize(api), doing: "start the plugin \(path)")
  }

  /// Keeps a plugin's information and warnings out of the user's terminal: read once, when the
  /// library is loaded.
  static func quiet() { setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0) }

  private static func attributes(of api: OpaquePointer) -> [String: String] {
    var values = [apus_pjrt_named_value](repeating: apus_pjrt_named_value(), count: 64)
    let count = min(apus_pjrt_attributes(api, &values, values.count), values.count)
    var result: [String: String] = [:]
    for value in values[..<count] {
      let name = text(value.name, value.name_size)
      switch Int(value.kind) {
      case apus_pjrt_string: result[name] = text(value.text, value.size)
      case apus_pjrt_int64_list:
        let numbers = UnsafeBufferPointer(
          start: value.text?.assumingMemoryBound(to: Int64.self), count: value.size)
        result[name] = numbers.map(String.init).joined(separator: ".")
      case apus_pjrt_float: result[name] = "\(value.real)"
      case apus_pjrt_bool: result[name] = value.number != 0 ? "true" : "false"
      default: result[name] = "\(value.number)"
      }
    }
    return result
  }

  /// Throws an error that the plugin gave, with its message.
  func check(_ error: OpaquePointer?, doing what: @autoclosure () -> String) throws(TensorError) {
    guard let error else { return }
    var message = [CChar](repeating: 0, count: 4096)
    let code = apus_pjrt_error_take(api, error, &message, message.count)
    throw TensorError(
      operation: TensorError.deviceOperation,
      reason: "cannot \(what()): \(text(of: message)) (\(PJRTPlugin.name(ofCode: Int(code))))")
  }

  /// The names of the status codes that all Google APIs share.
  static func name(ofCode code: Int) -> String {
    let names = [
      "ok", "cancelled", "unknown", "invalid argument", "deadline exceeded", "not found",
      "already exists", "permission denied", "resource exhausted", "failed precondition", "aborted",
      "out of range", "unimplemented", "internal", "unavailable", "data loss", "unauthenticated",
    ]
    return names.indices.contains(code) ? names[code] : "code \(code)"
  }
}

/// Text up to the first 0.
func text(of characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Text of a length that C gives.
func text(_ start: UnsafeRawPointer?, _ count: Int) -> String {
  String(
    decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), as: UTF8.self)
}
