/// Portable network graphics.
///
/// Reads every colour type, bit depth and filter, interlaced or not; palettes become RGB,
/// transparency becomes an alpha channel, 16-bit samples are rounded to 8. Writes 8-bit gray, gray
/// with alpha, RGB and RGBA.
///
/// - Source: Portable Network Graphics (PNG) Specification, second edition, W3C 2003.
public enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Reads the picture of the file at `path`.
  ///
  /// - Throws: `DataError` for a missing, foreign, truncated or damaged file.
  public static func read(_ path: String) throws -> Image {
    try decode(FileBytes.read(path), source: path)
  }

  /// Writes `image` to `path`.
  ///
  /// - Throws: `DataError` when the disk refuses.
  public static func write(_ image: Image, to path: String) throws {
    try AtomicFile.write(encode(image), to: path)
  }

  /// Reads a picture from the bytes of a file; `source` names them in errors.
  public static func decode(_ bytes: [UInt8], source: String) throws -> Image {
    let chunks = try PNGChunks(bytes, source: source)
    let header = chunks.header
    let scanlines = try Deflate.decompress(
      chunks.data[...], .zlib, expected: header.packedByteCount, source: source)
    let samples = try PNGSamples(header, scanlines, source: source)
    return try chunks.image(samples, source: source)
  }

  /// Returns the bytes of a file holding `image`.
  public static func encode(_ image: Image) -> [UInt8] { encode(image, library: .shared) }

  static func encode(_ image: Image, library: Zlib?) -> [UInt8] {
    let colourTypes: [UInt8] = [0, 4, 2, 6]
    var header: [UInt8] = []
    header.append(UInt32(truncatingIfNeeded: image.width), .big)
    header.append(UInt32(truncatingIfNeeded: image.height), .big)
    header += [8, colourTypes[image.channels - 1], 0, 0, 0]

    let row = image.width * image.channels
    var scanlines: [UInt8] = []
    scanlines.reserveCapacity(image.height * (row + 1))
    for y in 0..<image.height {
      scanlines.append(0)  // filter: none
      scanlines += image.pixels[(y * row)..<((y + 1) * row)]
    }
    return signature + chunk("IHDR", header)
      + chunk("IDAT", Deflate.compress(scanlines, .zlib, library: library)) + chunk("IEND", [])
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    var chunk: [UInt8] = []
    chunk.append(UInt32(truncatingIfNeeded: data.count), .big)
    chunk += body
    chunk.append(CRC32.of(body), .big)
    return chunk
  }
}
