/// The cyclic redundancy check of gzip, zip and PNG.
///
/// - Source: ISO 3309; PNG specification, annex D. Reflected polynomial `0xEDB88320`.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { n in
    (0..<8).reduce(UInt32(n)) { c, _ in c & 1 == 1 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1 }
  }

  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      ~bytes.reduce(UInt32.max) { c, byte in table[Int((c ^ UInt32(byte)) & 0xFF)] ^ (c >> 8) }
    }
  }
}

/// The check value of zlib streams: `b · 65536 + a`, with `a = 1 + Σ byte`, `b = Σ a`, mod 65521.
///
/// - Source: RFC 1950, section 8.
enum Adler32 {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var a: UInt32 = 1
    var b: UInt32 = 0
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }
}
