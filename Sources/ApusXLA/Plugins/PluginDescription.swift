import ApusCore

/// A file that is, by its name or by what names it, a PJRT plugin; not opened yet.
public struct PluginDescription: Sendable, Hashable, CustomStringConvertible {
  /// The kind of device as far as names tell it: `cpu`, `cuda`, `rocm`, `tpu`; `gpu` where it may be
  /// one or the other; otherwise a name of the plugin's own.
  public let platform: String
  public let path: String
  /// What led to the file: a variable or a folder.
  public let origin: String

  public init(platform: String, path: String, origin: String) {
    self.platform = platform
    self.path = path
    self.origin = origin
  }

  /// A file whose platform is told by its name, or that of its folder.
  init(path: String, origin: String) {
    let names = path.split(separator: "/").suffix(2).reversed()
    self.init(
      platform: Self.platform(in: names.map(String.init)) ?? "unknown", path: path, origin: origin)
  }

  public var description: String { "\(platform) at \(path), from \(origin)" }

  /// Whether the plugin may have devices that a program calls `name`.
  func serves(_ name: String) -> Bool {
    let isGPU = ["cuda", "rocm"].contains(platform)
    return platform == name || name == "gpu" && isGPU
      || platform == "gpu" && ["cuda", "rocm"].contains(name)
  }

  /// Throws when the plugin turns out to be for another platform than the one it was taken for.
  func check(_ actual: String) throws(TensorError) {
    let common = ["cpu", "cuda", "rocm", "tpu"]
    let actual = actual.lowercased()
    if common.contains(platform), common.contains(actual), platform != actual {
      throw TensorError(
        operation: "device",
        reason: "the plugin \(path), from \(origin), is for \(actual), not for \(platform)")
    }
  }

  /// The first platform that names of files or folders tell.
  static func platform(in names: [String]) -> String? {
    for name in names {
      let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }
      for word in words {
        let plain = word.hasPrefix("lib") ? word.dropFirst(3) : word
        let end = plain.lastIndex { !$0.isNumber }.map { plain.index(after: $0) }
        let stem = plain[..<(end ?? plain.endIndex)]
        if let known = known.first(where: { stem == $0 }) { return known }
      }
    }
    // Folders of plugins are often called after them: `xla_newchip`.
    return names.dropFirst().first.flatMap { folder in
      folder.hasPrefix("xla_") && folder.count > 4 ? String(folder.dropFirst(4)) : nil
    }
  }

  private static let known = ["cpu", "cuda", "rocm", "tpu", "gpu", "metal", "mps", "xpu", "neuron"]
}
