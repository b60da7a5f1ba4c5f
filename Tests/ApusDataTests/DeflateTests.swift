import Testing

@testable import ApusData

@Suite("deflate") struct DeflateTests {
  static let sizes = [0, 1, 1000, 65535, 65536, 300_000]

  @Test("what is compressed or stored decompresses to the same bytes", arguments: sizes)
  func roundTrip(_ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 >> 7) }
    for wrapper in [Deflate.Wrapper.raw, .zlib, .gzip] {
      let stored = Deflate.compress(bytes, wrapper, library: nil)
      let packed = Deflate.compress(bytes, wrapper)
      #expect(try Deflate.decompress(stored[...], wrapper, source: "s") == bytes)
      #expect(try Deflate.decompress(packed[...], wrapper, expected: size, source: "s") == bytes)
      if size > 100 { #expect(packed.count < size / 2) }
    }
  }

  @Test("members of a gzip file are joined")
  func members() throws {
    let bytes = base64(Goldens.gzipTwoMembers)
    let text = String(decoding: try FileBytes.unzipped(bytes, source: "g"), as: UTF8.self)
    #expect(text == "first second")
  }

  @Test("every truncation is refused and no damage traps")
  func damage() {
    let gzip = Deflate.compress(Array("some text, some text, some text".utf8), .gzip)
    checkRefusesEveryPrefix(of: gzip) { try Deflate.decompress($0[...], .gzip, source: "g") }
    checkSurvivesDamage(of: gzip) { try Deflate.decompress($0[...], .gzip, source: "g") }
  }

  @Test("refusals name the numbers")
  func refusals() {
    let packed = Deflate.compress([1, 2, 3], .zlib)
    checkRefusal("f: corrupt: decompresses to 3 bytes, header says 4") {
      try Deflate.decompress(packed[...], .zlib, expected: 4, source: "f")
    }
    checkRefusal("f: corrupt: decompresses to more than 2 bytes") {
      try Deflate.decompress(packed[...], .zlib, expected: 2, source: "f")
    }
    checkRefusal("f: 1 byte after the end of the data") {
      try Deflate.decompress((packed + [0])[...], .zlib, source: "f")
    }
    checkRefusal(
      "f: truncated: header promises 1000000000000 decompressed bytes, "
        + "which need at least 968992248 compressed, file has \(packed.count)"
    ) { try Deflate.decompress(packed[...], .zlib, expected: 1_000_000_000_000, source: "f") }
    checkRefusal("f: decompressing needs zlib (libz.so.1), which was not found on this machine") {
      try Deflate.decompress(packed[...], .zlib, source: "f", library: nil)
    }
    #expect(Zlib(names: ["libapus-none.so"]) == nil)
  }
}
