import ApusCore

/// Writing files so that a crash leaves either the old or the new content, never a part.
public enum AtomicFile {
  /// Writes `bytes` to a temporary file beside `path`, forces them to the disk and renames.
  ///
  /// - Throws: `DataError` naming `path` and the system's reason (such as a full disk); the old
  ///   file is then untouched and the temporary one removed.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      do throws(SystemError) { try AtomicWriter.write([buffer], to: path) } catch {
        throw FileBytes.refusal(path, "write", error.code)
      }
    }
  }
}
