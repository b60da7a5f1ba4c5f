/// The file of a compiled program: a line that names the format, the sizes of four parts, a sum over
/// all parts, and the parts: plugin, options, text and program.
///
/// Plugins trust what they load, so a byte that has changed must be found here.
enum ProgramFile {
  private static let magic = Array("apus program 1\n".utf8)
  /// Before the parts: format, four sizes, sum.
  private static let headSize = magic.count + 5 * 8

  /// The name of the file of a program.
  static func name(of key: ProgramKey) -> String {
    var sums: [UInt64] = []
    for seed in [1, 2] as [UInt64] {
      var sum = Checksum(seed: seed)
      for part in parts(of: key) {
        sum.add(UInt64(part.count))
        sum.add(part)
      }
      sums.append(sum.value)
    }
    return sums.map { sum in
      let digits = String(sum, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  static func bytes(of program: [UInt8], _ key: ProgramKey) -> [UInt8] {
    let parts = parts(of: key) + [program]
    var sum = Checksum(seed: 0)
    for part in parts { sum.add(part) }
    var file = magic
    for part in parts { file += littleEndian(UInt64(part.count)) }
    file += littleEndian(sum.value)
    for part in parts { file += part }
    return file
  }

  /// The program in a file, if the file is whole and its other parts are those of `key`.
  static func program(in file: [UInt8], of key: ProgramKey) -> [UInt8]? {
    guard file.count >= headSize, file.starts(with: magic) else { return nil }
    let words = (0..<5).map { index in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(file[magic.count + index * 8 + $1]) << (8 * $1) }
    }
    var rest = file[headSize...]
    var parts: [ArraySlice<UInt8>] = []
    for size in words.prefix(4) {
      guard size <= UInt64(rest.count) else { return nil }
      parts.append(rest.prefix(Int(size)))
      rest = rest.dropFirst(Int(size))
    }
    let expected = Self.parts(of: key)
    guard rest.isEmpty, zip(expected, parts).allSatisfy({ $0.elementsEqual($1) }) else {
      return nil
    }
    var sum = Checksum(seed: 0)
    for part in parts { sum.add(Array(part)) }
    return sum.value == words[4] ? Array(parts[3]) : nil
  }

  private static func parts(of key: ProgramKey) -> [[UInt8]] {
    [Array(key.plugin.utf8), key.options, Array(key.text.utf8)]
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// A sum over bytes that tells changes of them, not made to withstand intent.
struct Checksum {
  private(set) var value: UInt64

  init(seed: UInt64) { value = seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xCBF2_9CE4_8422_2325 }

  mutating func add(_ word: UInt64) {
    // Steps that can be undone lose nothing: sums differ wherever one word does.
    value = (value ^ word) &* 0xFF51_AFD7_ED55_8CCD
    value ^= value >> 32
  }

  mutating func add(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { memory in
      let whole = memory.count / 8 * 8
      var place = 0
      while place < whole {
        add(UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
        place += 8
      }
      for byte in memory[whole...] { add(UInt64(byte)) }
    }
  }
}
