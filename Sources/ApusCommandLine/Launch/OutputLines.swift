/// Turns what a process writes into lines that tell which process wrote them.
struct OutputLines {
  /// A line without an end is written in parts of so many bytes.
  static let longest = 64 << 10

  private let prefix: [UInt8]
  private var rest: [UInt8] = []

  init(prefix: String) { self.prefix = Array(prefix.utf8) }

  /// Takes bytes and returns the lines that are whole.
  mutating func take(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    rest += bytes
    var lines: [UInt8] = []
    var start = 0
    for (place, byte) in rest.enumerated()
    where byte == UInt8(ascii: "\n") || place - start == Self.longest {
      append(rest[start..<place], to: &lines)
      start = byte == UInt8(ascii: "\n") ? place + 1 : place
    }
    rest.removeSubrange(..<start)
    return lines
  }

  /// The last line, where no end of a line came.
  mutating func end() -> [UInt8] {
    var lines: [UInt8] = []
    if !rest.isEmpty { append(rest[...], to: &lines) }
    rest = []
    return lines
  }

  private func append(_ line: ArraySlice<UInt8>, to lines: inout [UInt8]) {
    lines += prefix
    lines += line
    lines.append(UInt8(ascii: "\n"))
  }
}
