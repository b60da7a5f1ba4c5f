import ApusCore

/// Which plugins this executor speaks to.
enum PluginHandshake {
  /// The PJRT API that added the last of the functions needed.
  static let oldestMinor = 67
  /// The StableHLO that the program texts need: the first whose gather has batch axes.
  static let oldestStableHLO = [1, 1, 0]

  /// Why a plugin cannot be spoken to, if it cannot.
  ///
  /// - Parameter isComplete: Whether its table holds all functions that are used.
  static func mistake(
    _ path: String, major: Int, minor: Int, isComplete: Bool, attributes: [String: String]
  ) -> String? {
    if major != 0 {
      return
        "the plugin \(path) speaks PJRT API \(major).\(minor), which is newer than this program "
        + "knows: it needs 0.\(oldestMinor) or a later 0.x; use an older plugin or a newer apus"
    }
    if minor < oldestMinor || !isComplete {
      return "the plugin \(path) speaks PJRT API \(major).\(minor), which is too old: needs "
        + "0.\(oldestMinor) or a later 0.x; use a newer plugin"
    }
    // Plugins of other makers may not tell.
    guard let text = attributes["stablehlo_current_version"] else { return nil }
    let version = text.split(separator: ".").map { Int($0) ?? 0 }
    if version.lexicographicallyPrecedes(oldestStableHLO) {
      let needed = oldestStableHLO.map(String.init).joined(separator: ".")
      return
        "the plugin \(path) reads StableHLO \(text), programs are written in \(needed) or later: "
        + "use a newer plugin"
    }
    return nil
  }
}
