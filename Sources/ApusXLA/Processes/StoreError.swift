/// Why the store did not do what it was asked for.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The status codes that all Google APIs share, as plugins expect them.
  package enum Code: Int32, Sendable {
    case invalid = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case exhausted = 8
    case unavailable = 14
    case unauthenticated = 16
  }

  package let code: Code
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  package var description: String { reason }
}

/// What a store holds and waits for at most.
package struct StoreLimits: Sendable {
  package var keyBytes = 4096
  package var valueBytes = 64 << 20
  /// Of all keys and values together.
  package var totalBytes = 1 << 30
  package var connections = 4096
  /// How long a connection may take to say who it is.
  package var greetingMilliseconds = 5000
  /// The longest wait for a value.
  package static let timeoutMilliseconds = 86_400_000

  package init() {}

  /// The longest message of a client that is known.
  var messageBytes: Int { keyBytes + valueBytes + 64 }
  /// The longest message of a client that is not yet.
  static let greetingBytes = 1024
}

/// Bytes as an error message shows them.
func shown(_ bytes: [UInt8]) -> String {
  let isText = bytes.allSatisfy { (0x20..<0x7F).contains($0) }
  let text =
    isText
    ? String(decoding: bytes.prefix(80), as: UTF8.self)
    : bytes.prefix(24).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  return "'\(text)\(bytes.count > (isText ? 80 : 24) ? "…" : "")'"
}
