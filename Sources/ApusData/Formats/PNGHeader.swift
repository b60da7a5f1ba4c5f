/// The first chunk of a PNG file: sizes, sample depth, colour type, interlacing.
struct PNGHeader: Hashable {
  /// A few bytes can promise any number of pixels; no picture to learn from has more.
  static let greatestPixelCount = 1 << 27

  let width: Int
  let height: Int
  let depth: Int
  let colourType: Int
  let isInterlaced: Bool

  init(_ data: [UInt8], source: String) throws {
    var reader = ByteReader(data, source: source)
    width = Int(try reader.integer(UInt32.self, .big, for: "the width"))
    height = Int(try reader.integer(UInt32.self, .big, for: "the height"))
    depth = Int(try reader.integer(UInt8.self, .big, for: "the bit depth"))
    colourType = Int(try reader.integer(UInt8.self, .big, for: "the colour type"))
    let compression = try reader.integer(UInt8.self, .big, for: "the compression")
    let filter = try reader.integer(UInt8.self, .big, for: "the filter method")
    let interlace = try reader.integer(UInt8.self, .big, for: "the interlacing")
    isInterlaced = interlace == 1
    try reader.expectEnd()

    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard (1...Int(Int32.max)).contains(width), (1...Int(Int32.max)).contains(height) else {
      throw DataError(source, .corrupt("PNG size \(width) × \(height)"))
    }
    guard width.multipliedReportingOverflow(by: height).partialValue <= Self.greatestPixelCount
    else {
      throw DataError(
        source,
        .unsupported(
          "PNG of \(width) × \(height) pixels; at most \(Self.greatestPixelCount) are read"))
    }
    guard depths[colourType]?.contains(depth) == true else {
      throw DataError(source, .corrupt("PNG colour type \(colourType) with \(depth) bits"))
    }
    guard compression == 0, filter == 0, interlace <= 1 else {
      throw DataError(
        source,
        .corrupt(
          "PNG methods \(compression), \(filter), \(interlace); known are 0, 0 and 0 or 1"))
    }
  }

  /// Samples per pixel in the file; a palette index is one.
  var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colourType] ?? 1 }

  /// One reduced picture of an interlaced file, or the whole of another.
  struct Pass {
    let x: Int, y: Int, dx: Int, dy: Int
    let width: Int, height: Int
  }

  /// The passes that hold pixels, in file order.
  ///
  /// - Source: section 8.2, Adam7.
  var passes: [Pass] {
    guard isInterlaced else {
      return [Pass(x: 0, y: 0, dx: 1, dy: 1, width: width, height: height)]
    }
    let adam7 = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
      (0, 1, 1, 2),
    ]
    return adam7.compactMap { x, y, dx, dy in
      guard x < width, y < height else { return nil }
      return Pass(
        x: x, y: y, dx: dx, dy: dy, width: (width - x + dx - 1) / dx,
        height: (height - y + dy - 1) / dy)
    }
  }

  /// Bytes of one scanline of `pass`, without its filter byte.
  func rowBytes(_ pass: Pass) -> Int { (pass.width * channels * depth + 7) / 8 }

  /// Bytes of all scanlines with their filter bytes. Saturates instead of overflowing.
  var packedByteCount: Int {
    passes.reduce(0) { sum, pass in
      let (bytes, overflow) = (rowBytes(pass) + 1).multipliedReportingOverflow(by: pass.height)
      let (total, more) = sum.addingReportingOverflow(bytes)
      return overflow || more ? Int.max : total
    }
  }
}
