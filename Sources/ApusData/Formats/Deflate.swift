/// Deflate compression (RFC 1951) in its three wrappers.
///
/// Reading needs the zlib library. Writing works without it: the data is then stored, which every
/// reader understands.
enum Deflate {
  /// What surrounds the compressed blocks; the value is zlib's `windowBits`.
  enum Wrapper: Int32 {
    case raw = -15
    case zlib = 15
    case gzip = 31
  }

  /// No deflate stream expands by more than this factor (258 bytes from 2 bits).
  static let greatestExpansion = 1032

  /// Returns the decompressed bytes.
  ///
  /// - Parameter expected: The size promised by the surrounding format, checked exactly and,
  ///   before anything is allocated, against what `input` could possibly expand to.
  /// - Parameter limit: The most bytes to produce when no size is promised.
  /// - Throws: `DataError` when the library is missing or the stream is damaged.
  static func decompress(
    _ input: ArraySlice<UInt8>, _ wrapper: Wrapper, expected: Int? = nil, limit: Int = 1 << 32,
    source: String, library: Zlib? = .shared
  ) throws -> [UInt8] {
    guard let library else {
      throw DataError(source, .missingLibrary("zlib (libz.so.1)", neededFor: "decompressing"))
    }
    if let expected, expected / greatestExpansion > input.count {
      let claim =
        "header promises \(expected) decompressed bytes, which need at least "
        + "\(expected / greatestExpansion) compressed"
      throw DataError(source, .truncated(claim: claim, available: input.count))
    }
    let output = try input.withUnsafeBufferPointer {
      try Inflation(library: library, source: source)
        .run($0, wrapper, limit: expected ?? limit, reserve: expected ?? 4 * input.count)
    }
    if let expected, output.count != expected {
      throw DataError(
        source, .corrupt("decompresses to \(output.count) bytes, header says \(expected)"))
    }
    return output
  }

  /// Returns `input` compressed, or stored when `library` is `nil`.
  static func compress(
    _ input: [UInt8], _ wrapper: Wrapper, level: Int32 = 6, library: Zlib? = .shared
  ) -> [UInt8] {
    library.flatMap { Deflation(library: $0).run(input, wrapper, level: level) }
      ?? stored(input, wrapper)
  }

  /// Returns `input` in stored blocks of at most 65,535 bytes.
  ///
  /// - Source: RFC 1951, section 3.2.4; RFC 1950 and RFC 1952 for the wrappers.
  static func stored(_ input: [UInt8], _ wrapper: Wrapper) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(input.count + input.count / 65535 * 5 + 32)
    switch wrapper {
    case .raw: break
    case .zlib: output += [0x78, 0x01]
    case .gzip: output += [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    }
    var start = 0
    repeat {
      let end = min(start + 65535, input.count)
      let length = UInt16(end - start)
      output.append(end == input.count ? 1 : 0)
      output.append(length, .little)
      output.append(~length, .little)
      output += input[start..<end]
      start = end
    } while start < input.count
    switch wrapper {
    case .raw: break
    case .zlib: output.append(Adler32.of(input), .big)
    case .gzip:
      output.append(CRC32.of(input), .little)
      output.append(UInt32(truncatingIfNeeded: input.count), .little)
    }
    return output
  }
}
