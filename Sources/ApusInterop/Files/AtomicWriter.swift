import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes a file so that at any moment, a crash included, the old or the new content is there whole.
package enum AtomicWriter {
  private static let serial = Atomic<UInt64>(0)

  /// Writes the parts one after the other to a temporary file beside `path`, forces them to the
  /// disk, renames, and forces the folder.
  ///
  /// - Throws: ``FileError`` with the system's reason, such as a full disk; the old file is then
  ///   untouched and the temporary one removed.
  package static func write(_ parts: [UnsafeRawBufferPointer], to path: String) throws(FileError) {
    let (folder, name) = split(path)
    let number = serial.add(1, ordering: .relaxed).newValue
    let temporary = "\(folder)/.\(name).\(getpid()).\(number).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path: path, doing: "write") }
    do throws(FileError) {
      defer { close(descriptor) }
      for part in parts { try write(part, to: descriptor, path: path) }
      try synchronize(descriptor, path: path)
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw FileError(path: path, doing: "write", code: code)
    }
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// Writes all bytes to a descriptor.
  package static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
  ) throws(FileError) {
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
        throw FileError(path: path, doing: "write")
      }
      done += written
    }
  }

  private static func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileError(path: path, doing: "write")
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }
}
