#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A refusal of the operating system: its `errno`.
package struct SystemError: Error, Hashable {
  package let code: Int32
  package init(code: Int32) { self.code = code }
}

/// Writes files so that at any moment, a crash included, the old or the new content is there whole.
package enum AtomicWriter {
  /// Writes the parts one after the other to a temporary file beside `path`, forces them to the
  /// disk, renames, and forces the folder.
  ///
  /// A process killed half way leaves the temporary file, `.name.….tmp`; it is never read.
  ///
  /// - Throws: the system's reason, such as a full disk; the old file is then untouched and the
  ///   temporary one removed.
  package static func write(
    _ parts: [UnsafeRawBufferPointer], to path: String
  ) throws(SystemError) {
    let (folder, name) = split(path)
    // Random, because a restarted process may have the same number as one that was killed.
    let tag = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder)/.\(name.prefix(40)).\(tag).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemError(code: errno) }
    do throws(SystemError) {
      defer { close(descriptor) }
      for part in parts { try write(part, to: descriptor) }
      guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError(code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw SystemError(code: code)
    }
    synchronize(folder)
  }

  /// Writes all bytes to a descriptor.
  package static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #elseif canImport(Musl)
        let written = Musl.write(descriptor, rest.baseAddress, rest.count)
      #else
        let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw SystemError(code: errno)
      }
      done += written
    }
  }

  /// Makes a rename durable; file systems that cannot are left as they are.
  private static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }
}
