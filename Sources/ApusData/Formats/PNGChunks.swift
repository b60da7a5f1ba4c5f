/// The chunks of a PNG file that matter for its pixels, with all check values verified.
struct PNGChunks {
  let header: PNGHeader
  private(set) var data: [UInt8] = []
  private var palette: [UInt8] = []
  private var transparency: [UInt8]?

  init(_ bytes: [UInt8], source: String) throws {
    var reader = ByteReader(bytes, source: source)
    try reader.expect(magic: PNG.signature, format: "a PNG file")
    let (first, body) = try Self.next(&reader)
    guard first == "IHDR" else {
      throw DataError(source, .corrupt("the first chunk is \(first), not IHDR"))
    }
    header = try PNGHeader(Array(body), source: source)
    while true {
      let (type, body) = try Self.next(&reader)
      switch type {
      case "IDAT": data += body
      case "PLTE":
        guard body.count % 3 == 0, (3...768).contains(body.count) else {
          throw DataError(source, .corrupt("a palette of \(body.count) bytes"))
        }
        palette = Array(body)
      case "tRNS": transparency = Array(body)
      case "IEND":
        try reader.expectEnd()
        return
      default:
        // A capital first letter marks a chunk that must be understood (section 5.4).
        if let byte = type.utf8.first, byte & 0x20 == 0 {
          throw DataError(source, .unsupported("PNG chunk \(type)"))
        }
      }
    }
  }

  private static func next(_ reader: inout ByteReader) throws -> (String, ArraySlice<UInt8>) {
    let length = Int(try reader.integer(UInt32.self, .big, for: "a chunk length"))
    let type = try reader.take(4, for: "a chunk type")
    let name = String(decoding: type, as: UTF8.self)
    let body = try reader.take(length, for: "chunk \(name)")
    let check = try reader.integer(UInt32.self, .big, for: "the CRC of chunk \(name)")
    let found = CRC32.of(reader.bytes[type.startIndex..<body.endIndex])
    guard found == check else {
      throw DataError(
        reader.source,
        .checksum(
          what: "CRC of chunk \(name)", expected: String(check, radix: 16),
          found: String(found, radix: 16)))
    }
    return (name, body)
  }

  /// Turns samples into the pixels that people see: palette looked up, depth made 8, alpha added.
  func image(_ samples: PNGSamples, source: String) throws -> Image {
    if header.colourType == 3 { return try paletteImage(samples, source: source) }
    let channels = header.channels
    var pixels = [UInt8]()
    let key = try transparentColour(source: source)
    pixels.reserveCapacity(samples.values.count / channels * (channels + 1))
    for start in stride(from: 0, to: samples.values.count, by: channels) {
      let pixel = samples.values[start..<(start + channels)]
      for value in pixel { pixels.append(eightBit(value)) }
      if let key { pixels.append(pixel.elementsEqual(key) ? 0 : 255) }
    }
    return try Image(
      width: header.width, height: header.height, channels: channels + (key == nil ? 0 : 1),
      pixels: pixels)
  }

  private func eightBit(_ value: UInt16) -> UInt8 {
    let most = (1 << header.depth) - 1
    return UInt8((Int(value) * 255 + most / 2) / most)
  }

  /// The colour that stands for "transparent" in gray and RGB pictures.
  private func transparentColour(source: String) throws -> [UInt16]? {
    guard let transparency, header.colourType == 0 || header.colourType == 2 else { return nil }
    guard transparency.count == 2 * header.channels else {
      throw DataError(source, .corrupt("a tRNS chunk of \(transparency.count) bytes"))
    }
    return (0..<header.channels).map {
      UInt16(transparency[2 * $0]) << 8 | UInt16(transparency[2 * $0 + 1])
    }
  }

  private func paletteImage(_ samples: PNGSamples, source: String) throws -> Image {
    let colours = palette.count / 3
    var pixels: [UInt8] = []
    for value in samples.values {
      let index = Int(value)
      guard index < colours else {
        throw DataError(source, .corrupt("palette index \(index), there are \(colours) colours"))
      }
      pixels += palette[(3 * index)..<(3 * index + 3)]
      if let transparency { pixels.append(index < transparency.count ? transparency[index] : 255) }
    }
    return try Image(
      width: header.width, height: header.height, channels: transparency == nil ? 3 : 4,
      pixels: pixels)
  }
}
