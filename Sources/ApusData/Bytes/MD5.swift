import Foundation

/// The message digest of RFC 1321, used to recognise well-known files after a download.
///
/// It detects damage, not forgery.
enum MD5 {
  private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

  private static let sines: [UInt32] = (1...64).map { i in
    UInt32(abs(sin(Double(i))) * 4_294_967_296)
  }

  /// Returns the digest as 32 lower-case hexadecimal digits.
  static func hex(of bytes: [UInt8]) -> String {
    var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    let whole = bytes.count / 64 * 64
    for start in stride(from: 0, to: whole, by: 64) { absorb(bytes[start..<(start + 64)], &state) }

    var tail = Array(bytes[whole...]) + [0x80]
    while tail.count % 64 != 56 { tail.append(0) }
    tail.append(UInt64(bytes.count) &* 8, .little)
    for start in stride(from: 0, to: tail.count, by: 64) {
      absorb(tail[start..<(start + 64)], &state)
    }
    var digest: [UInt8] = []
    for word in state { digest.append(word, .little) }
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func absorb(_ block: ArraySlice<UInt8>, _ state: inout [UInt32]) {
    let words = (0..<16).map { w in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(block[block.startIndex + 4 * w + $1]) << (8 * $1) }
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    for i in 0..<64 {
      let mix: UInt32
      let word: Int
      switch i / 16 {
      case 0: (mix, word) = ((b & c) | (~b & d), i)
      case 1: (mix, word) = ((d & b) | (~d & c), (5 * i + 1) % 16)
      case 2: (mix, word) = (b ^ c ^ d, (3 * i + 5) % 16)
      default: (mix, word) = (c ^ (b | ~d), 7 * i % 16)
      }
      let sum = a &+ mix &+ sines[i] &+ words[word]
      let shift = shifts[i / 16 * 4 + i % 4]
      (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
  }
}
