import ApusCore

/// What variables say about clients of plugins.
///
/// - `APUS_XLA_PREALLOCATE`: whether a GPU's memory is taken at once, 1 or 0.
/// - `APUS_XLA_MEMORY_FRACTION`: which part of a GPU's memory may be used, above 0 to 1.
/// - `APUS_XLA_PRECISION`: how exactly products of 32-bit numbers are computed: `highest`, `high` or
///   `default`.
/// - `XLA_FLAGS`: settings of the compiler, read by plugins themselves.
struct ClientSettings {
  private let environment: [String: String]

  init(_ environment: [String: String]) { self.environment = environment }

  /// The settings of a client.
  ///
  /// - Parameter count: As how many devices a processor appears.
  /// - Throws: When a variable holds no value of its kind.
  func options(
    for platform: String, devices count: Int
  ) throws(TensorError) -> [String: PJRTOption] {
    if platform == "cpu" { return ["cpu_device_count": .integer(count)] }
    return Self.isGPU(platform) ? try memory() : [:]
  }

  /// How exactly products of 32-bit numbers are computed, in StableHLO's words.
  ///
  /// - Throws: When the variable holds none of them.
  func precision() throws(TensorError) -> String {
    let name = "APUS_XLA_PRECISION"
    guard let text = environment[name], !text.isEmpty else { return "HIGHEST" }
    let words = ["HIGHEST", "HIGH", "DEFAULT"]
    guard words.contains(text.uppercased()) else {
      throw TensorError(
        operation: "device",
        reason: "\(name) is \"\(text)\", must be highest, high or default")
    }
    return text.uppercased()
  }

  static func isGPU(_ platform: String) -> Bool { ["cuda", "rocm", "gpu"].contains(platform) }

  /// How the memory of a GPU is used.
  private func memory() throws(TensorError) -> [String: PJRTOption] {
    var options: [String: PJRTOption] = [:]
    let (take, fraction) = ("APUS_XLA_PREALLOCATE", "APUS_XLA_MEMORY_FRACTION")
    if let text = environment[take], !text.isEmpty {
      let words = ["1": true, "true": true, "0": false, "false": false]
      guard let flag = words[text.lowercased()] else {
        throw TensorError(operation: "device", reason: "\(take) is \"\(text)\", must be 1 or 0")
      }
      options["preallocate"] = .flag(flag)
    }
    if let text = environment[fraction], !text.isEmpty {
      guard let number = Float(text), number > 0, number <= 1 else {
        throw TensorError(
          operation: "device",
          reason: "\(fraction) is \"\(text)\", must be a number above 0, at most 1")
      }
      options["memory_fraction"] = .real(number)
    }
    return options
  }

  /// Tries the settings in another process where the plugin may end the process for them.
  ///
  /// - Throws: What the plugin has against them.
  func check(_ path: String, _ options: [String: PJRTOption]) throws(TensorError) {
    // It has read them then; and a child would have its locks but not its threads.
    if PJRTPlugin.isOpen(path) { return }
    guard let flags = environment["XLA_FLAGS"], flags.contains(where: { !$0.isWhitespace }) else {
      return
    }
    let trial = PluginTrial(path: path, options: options, flags: flags)
    guard let mistake = trial.mistake else { return }
    throw TensorError(
      operation: TensorError.deviceOperation, reason: "\(mistake)\n  XLA_FLAGS is \"\(flags)\"")
  }
}

extension ClientSettings {
  /// Settings of the compiler that plugins read themselves when they start.
  static let compilerFlags = [String: String].ofProcess["XLA_FLAGS"] ?? ""
}
