#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is wrong with a file: which one, and why, with the numbers.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// The refusal of the operating system in `errno`.
  package init(path: String, doing action: String, code: Int32 = errno) {
    self.init(path: path, reason: "cannot \(action): \(String(cString: strerror(code)))")
  }

  public var description: String { "\(path): \(reason)" }
}
