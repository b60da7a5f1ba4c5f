import Foundation

/// Writing files so that a crash leaves either the old or the new content, never a part.
public enum AtomicFile {
  /// Writes `bytes` to a temporary file beside `path`, forces them to the disk and renames.
  ///
  /// A process killed half way leaves the temporary file, `.name.….tmp`; it is never read.
  ///
  /// - Throws: `DataError` naming `path` and the system's reason (such as a full disk); the old
  ///   file is then untouched and the temporary one removed.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    let (folder, name) = split(path)
    // Random, because a restarted process may have the same number as one that was killed.
    let tag = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder)/.\(name.prefix(40)).\(tag).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileBytes.refusal(path, "write", errno) }
    do {
      defer { close(descriptor) }
      try write(bytes, to: descriptor, path: path)
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw FileBytes.refusal(path, "write", code)
    }
    syncFolder(folder)
  }

  /// Writes all bytes to an open descriptor and forces them to the disk.
  static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let written = Foundation.write(descriptor, part.baseAddress, part.count)
        if written < 0 {
          if errno == EINTR { continue }
          throw FileBytes.refusal(path, "write", errno)
        }
        rest = rest.dropFirst(written)
      }
    }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileBytes.refusal(path, "write", errno)
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }

  /// Makes the rename itself durable; file systems that cannot are left as they are.
  private static func syncFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
