import Foundation

/// Asking for memory before an array takes it: an array that gets none ends the process.
enum Room {
  /// Refuses sizes that the machine does not give.
  ///
  /// - Throws: `DataError` naming the number of bytes.
  static func check(_ byteCount: Int, source: String) throws {
    guard byteCount >= 0, byteCount < 1 << 56, let memory = malloc(max(byteCount, 1)) else {
      throw DataError(
        source, .refused(action: "allocate", reason: "no memory for \(byteCount) bytes"))
    }
    free(memory)
  }
}
