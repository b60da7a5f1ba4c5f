/// Small integers of files as `int32`, which every value fits.
enum Widening {
  /// Returns the elements of `data`, of type `I` in machine byte order, as `int32`.
  static func toInt32<I: FixedWidthInteger & BitwiseCopyable>(
    _ data: [UInt8], from type: I.Type
  ) -> [UInt8] {
    let width = MemoryLayout<I>.size
    return data.withUnsafeBytes { raw in
      let values = (0..<(data.count / width)).map {
        Int32(truncatingIfNeeded: raw.loadUnaligned(fromByteOffset: $0 * width, as: type))
      }
      return values.withUnsafeBytes { Array($0) }
    }
  }
}

extension ByteReader {
  /// Whether this machine stores the low byte first.
  static var machineIsLittle: Bool { UInt16(1).littleEndian == 1 }
}
