import Apus
import Foundation

/// Standard output and error. A reader that went away ends the process the usual way, by SIGPIPE.
enum Console {
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Writes text and a line feed; of several processes the first does.
  ///
  /// - Throws: ``Failure`` with the system's reason, such as a full disk.
  static func print(_ text: String) throws {
    guard ProcessGroup.current.isCoordinator else { return }
    guard write(text + "\n", to: STDOUT_FILENO) else {
      throw Failure("standard output", "cannot write: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes a line to standard error.
  static func complain(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

  /// Writes bytes of another process.
  static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    guard write(bytes[...], to: descriptor) else {
      throw Failure("output", "cannot write: \(String(cString: strerror(errno)))")
    }
  }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    write(Array(text.utf8)[...], to: descriptor)
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var bytes = bytes
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return false
      }
      bytes = bytes.dropFirst(written)
    }
    return true
  }
}

/// Why a command could not do its work.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ subject: String, _ reason: String) { description = "\(subject): \(reason)" }
}

/// Numbers as the commands print them.
enum Format {
  static func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

  static func decimal(_ value: Double, _ digits: Int = 4) -> String {
    String(format: "%.\(digits)f", value)
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
