import ApusCore

/// Compiled programs, in memory as long as somebody runs them and on disk across processes.
final class ProgramCache: Sendable {
  static let shared = ProgramCache()

  /// The program of a module, compiled now unless it is known.
  func program(_ text: String, _ placement: XLAPlacement) throws(TensorError) -> PJRTProgram {
    let options = placement.compileOptions.bytes
    return try PJRTProgram(placement.client, text: text, options: options)
  }
}
