/// The samples of a PNG file after undoing filters, bit packing and interlacing.
struct PNGSamples {
  /// Row by row, channels interleaved, values `0 ..< 2^depth`.
  private(set) var values: [UInt16]

  /// Unpacks decompressed scanlines, whose count is already checked against the header.
  init(_ header: PNGHeader, _ scanlines: [UInt8], source: String) throws {
    let channels = header.channels
    values = [UInt16](repeating: 0, count: header.width * header.height * channels)
    let pixelBytes = max(1, channels * header.depth / 8)
    var offset = 0
    for pass in header.passes {
      let rowBytes = header.rowBytes(pass)
      var previous = [UInt8](repeating: 0, count: rowBytes)
      for y in 0..<pass.height {
        let filter = scanlines[offset]
        var row = Array(scanlines[(offset + 1)..<(offset + 1 + rowBytes)])
        guard Self.unfilter(&row, above: previous, filter: filter, step: pixelBytes) else {
          throw DataError(source, .corrupt("PNG filter \(filter) in row \(pass.y + y * pass.dy)"))
        }
        offset += 1 + rowBytes
        let line = (pass.y + y * pass.dy) * header.width
        for x in 0..<pass.width {
          let target = (line + pass.x + x * pass.dx) * channels
          for c in 0..<channels {
            values[target + c] = Self.sample(row, x * channels + c, depth: header.depth)
          }
        }
        previous = row
      }
    }
  }

  private static func sample(_ row: [UInt8], _ index: Int, depth: Int) -> UInt16 {
    switch depth {
    case 16: return UInt16(row[2 * index]) << 8 | UInt16(row[2 * index + 1])
    case 8: return UInt16(row[index])
    default:
      let bit = index * depth
      return UInt16(row[bit / 8] >> (8 - depth - bit % 8)) & ((1 << depth) - 1)
    }
  }

  /// Undoes one scanline's filter; `false` for an unknown one.
  ///
  /// - Source: section 9.2.
  private static func unfilter(
    _ row: inout [UInt8], above: [UInt8], filter: UInt8, step: Int
  ) -> Bool {
    guard filter <= 4 else { return false }
    if filter == 0 { return true }
    for i in row.indices {
      let left = i >= step ? Int(row[i - step]) : 0
      let up = Int(above[i])
      let corner = i >= step ? Int(above[i - step]) : 0
      let prediction: Int
      switch filter {
      case 1: prediction = left
      case 2: prediction = up
      case 3: prediction = (left + up) / 2
      default: prediction = paeth(left, up, corner)
      }
      row[i] &+= UInt8(truncatingIfNeeded: prediction)
    }
    return true
  }

  /// Returns whichever of three neighbours is nearest to `left + up - corner`.
  private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
    let estimate = left + up - corner
    let (a, b, c) = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    if a <= b && a <= c { return left }
    return b <= c ? up : corner
  }
}
