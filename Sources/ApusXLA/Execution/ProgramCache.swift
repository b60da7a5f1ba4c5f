import ApusCore
import Synchronization

/// Compiled programs, in memory as long as somebody runs them and on disk across processes.
///
/// - `APUS_CACHE`: the folder, or `off`; otherwise `apus` in `XDG_CACHE_HOME` or `~/.cache`.
final class ProgramCache: Sendable {
  static let shared = ProgramCache(ProgramStore(.ofProcess))

  /// How often what happened.
  struct Counts: Hashable {
    /// Programs compiled by a plugin.
    var compiled = 0
    /// Programs that were on disk.
    var loaded = 0
    /// Programs that something in this process still held.
    var shared = 0
  }

  private struct Held {
    weak var program: PJRTProgram?
  }

  private struct State {
    var held: [ProgramKey: Held] = [:]
    var counts = Counts()
  }

  private let store: ProgramStore?
  /// Programs that compile faster are not worth a file.
  private let leastSeconds: Double
  private let state = Mutex(State())

  /// - Parameter leastSeconds: How long compiling must take for the program to be kept on disk.
  init(_ store: ProgramStore?, leastSeconds: Double = 0.1) {
    self.store = store
    self.leastSeconds = leastSeconds
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// The program of a module, compiled now unless it is known.
  func program(_ text: String, _ placement: XLAPlacement) throws(TensorError) -> PJRTProgram {
    let options = placement.compileOptions.bytes
    let key = ProgramKey(text: text, options: options, client: placement.client)
    let held = state.withLock { state in
      let program = state.held[key]?.program
      if program != nil { state.counts.shared += 1 }
      return program
    }
    if let held { return held }
    // Processes that compute together choose kernels together: all of them compile, or none.
    let client = placement.client
    let store = client.deviceIDs.count == client.devices.count ? store : nil
    let program: PJRTProgram
    if let known = loaded(key, placement, store) {
      program = known
    } else {
      program = try compiled(key, placement, store)
    }
    state.withLock { state in
      state.held = state.held.filter { $0.value.program != nil }
      state.held[key] = Held(program: program)
    }
    return program
  }

  /// The program that is on disk. One that the plugin refuses is removed.
  private func loaded(
    _ key: ProgramKey, _ placement: XLAPlacement, _ store: ProgramStore?
  ) -> PJRTProgram? {
    guard let store, let bytes = store.read(key) else { return nil }
    guard let program = try? PJRTProgram(placement.client, serialized: bytes),
      program.devices.map(\.id) == placement.devices.map(\.id)
    else {
      store.remove(key)
      return nil
    }
    state.withLock { $0.counts.loaded += 1 }
    return program
  }

  private func compiled(
    _ key: ProgramKey, _ placement: XLAPlacement, _ store: ProgramStore?
  ) throws(TensorError) -> PJRTProgram {
    let start = ContinuousClock.now
    let program = try PJRTProgram(placement.client, text: key.text, options: key.options)
    state.withLock { $0.counts.compiled += 1 }
    if let store, (ContinuousClock.now - start) / .seconds(1) >= leastSeconds,
      let bytes = program.serialized()
    {
      store.write(bytes, key)
    }
    return program
  }
}

/// All that decides what a compiled program is.
struct ProgramKey: Hashable {
  let text: String
  let options: [UInt8]
  /// The build of the plugin, and the devices that it was made for.
  let plugin: String
  /// Programs are loaded for one client.
  private let client: ObjectIdentifier

  init(text: String, options: [UInt8], client: PJRTClient) {
    self.init(
      text: text, options: options,
      plugin: [
        client.plugin.identity, "\(client.plugin.major).\(client.plugin.minor)", client.platform,
        client.platformVersion, client.devices.map { "\($0.id) \($0.kind)" }.joined(separator: ","),
        ClientSettings.compilerFlags, client.platform == "cpu" ? Self.processor : "",
      ].joined(separator: "\n"), client: ObjectIdentifier(client))
  }

  /// What programs for processors are compiled for; folders may be shared by machines.
  private static let processor: String = {
    let lines = (Folder.text(of: "/proc/cpuinfo") ?? "").split(separator: "\n")
    return ["model name", "flags", "Features"].compactMap { name in
      lines.first { $0.hasPrefix(name) }.map(String.init)
    }.joined(separator: "\n")
  }()

  init(text: String, options: [UInt8], plugin: String, client: ObjectIdentifier) {
    self.text = text
    self.options = options
    self.plugin = plugin
    self.client = client
  }
}
