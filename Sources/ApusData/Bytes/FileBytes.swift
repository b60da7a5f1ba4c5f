import Foundation

/// Reading whole files.
enum FileBytes {
  /// Returns the bytes of the file at `path`.
  ///
  /// - Throws: `DataError` naming the path and the system's reason.
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal(path, "open", errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw refusal(path, "open", errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw refusal(path, "read", EISDIR) }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size) + 1)
    while true {
      // The size is a hint: pipes say 0, and a file may grow while it is read.
      let room = Swift.max(Int(status.st_size) - bytes.count, 1 << 16)
      var code: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        let got = Foundation.read(descriptor, buffer.baseAddress, room)
        code = got < 0 ? errno : 0
        count = Swift.max(got, 0)
      }
      if code == EINTR { continue }
      guard code == 0 else { throw refusal(path, "read", code) }
      if chunk.isEmpty { return bytes }
      if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
    }
  }

  /// Returns the bytes of the file at `path`, decompressed when they are a gzip stream.
  static func readUnzipped(_ path: String) throws -> [UInt8] {
    try unzipped(read(path), source: path)
  }

  static func unzipped(_ bytes: [UInt8], source: String) throws -> [UInt8] {
    guard bytes.starts(with: [0x1f, 0x8b]) else { return bytes }
    return try Deflate.decompress(bytes[...], .gzip, source: source)
  }

  static func refusal(_ path: String, _ action: String, _ code: Int32) -> DataError {
    DataError(path, .refused(action: action, reason: String(cString: strerror(code))))
  }
}
