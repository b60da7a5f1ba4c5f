import ApusCore

/// NumPy's format for one array, versions 1 to 3.
///
/// Reads `f2 f4 f8 i4 i8 u1 b1` in either byte order and in C or Fortran order; `i1 i2 u2` are
/// widened to `int32`. Writes version 1, C order, little-endian.
///
/// - Source: NumPy documentation, `numpy.lib.format`.
public enum NPY {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads the array of the file at `path`.
  ///
  /// - Throws: `DataError` for a missing, foreign, truncated, overlong or object-typed file.
  public static func read(_ path: String) throws -> HostArray {
    try decode(FileBytes.read(path), source: path)
  }

  /// Writes `array` to `path`.
  ///
  /// - Throws: `DataError` for `bfloat16`, which NumPy lacks, or when the disk refuses.
  public static func write(_ array: HostArray, to path: String) throws {
    try AtomicFile.write(encode(array, source: path), to: path)
  }

  /// Reads an array from the bytes of a file; `source` names them in errors.
  public static func decode(_ bytes: [UInt8], source: String) throws -> HostArray {
    var reader = ByteReader(bytes, source: source)
    try reader.expect(magic: magic, format: "an NPY file")
    let major = try reader.integer(UInt8.self, .little, for: "the version")
    let minor = try reader.integer(UInt8.self, .little, for: "the version")
    guard (1...3).contains(major), minor == 0 else {
      throw DataError(source, .unsupported("NPY version \(major).\(minor); 1.0 to 3.0 are read"))
    }
    let length =
      major == 1
      ? Int(try reader.integer(UInt16.self, .little, for: "the header length"))
      : Int(try reader.integer(UInt32.self, .little, for: "the header length"))
    let header = try NPYHeader(
      parsing: try reader.take(length, for: "the header"), source: source)
    let element = try Element(header.descriptor, source: source)
    return try array(header, element, &reader)
  }

  /// Returns the bytes of a file holding `array`.
  public static func encode(_ array: HostArray, source: String = "NPY") throws -> [UInt8] {
    guard let descriptor = Element.descriptor(of: array.dtype) else {
      throw DataError(
        source, .unsupported("NumPy has no \(array.dtype); convert to float32 first"))
    }
    var header = Array(
      NPYHeader(descriptor: descriptor, fortranOrder: false, shape: array.shape).literal.utf8)
    // The data starts at a multiple of 64; the header ends with a line feed.
    let used = magic.count + 4 + header.count + 1
    header += [UInt8](repeating: 0x20, count: (64 - used % 64) % 64) + [0x0A]
    var bytes = magic
    if header.count <= UInt16.max {
      bytes += [1, 0]
      bytes.append(UInt16(header.count), .little)
    } else {
      bytes += [2, 0]
      bytes.append(UInt32(header.count), .little)
    }
    bytes += header
    var data = array.bytes
    if !ByteReader.machineIsLittle { data.swapBytes(width: array.dtype.byteCount) }
    return bytes + data
  }

  private static func array(
    _ header: NPYHeader, _ element: Element, _ reader: inout ByteReader
  ) throws -> HostArray {
    let shape = header.shape
    var needed = element.width
    for size in shape {
      let (product, overflow) = needed.multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw DataError(
          reader.source, .corrupt("shape \(HostArray.product(shape)) has no possible size"))
      }
      needed = product
    }
    guard needed <= reader.remaining else {
      throw DataError(
        reader.source,
        .truncated(
          claim: "header says \(HostArray.product(shape)) × \(element.width) = \(needed) bytes",
          available: reader.remaining))
    }
    var data = Array(try reader.take(needed, for: "the data"))
    try reader.expectEnd()
    if element.swapped { data.swapBytes(width: element.width) }
    if header.fortranOrder, shape.count > 1 {
      data = rowMajor(data, shape: shape, width: element.width)
    }
    return try HostArray(
      dtype: element.dtype, shape: shape, bytes: element.converted(data), source: reader.source)
  }

  /// Returns column-major elements in row-major order.
  static func rowMajor(_ data: [UInt8], shape: [Int], width: Int) -> [UInt8] {
    var strides = [Int](repeating: width, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    var output: [UInt8] = []
    output.reserveCapacity(data.count)
    while output.count < data.count {
      output += data[offset..<(offset + width)]
      for axis in shape.indices.reversed() {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < shape[axis] { break }
        offset -= strides[axis] * index[axis]
        index[axis] = 0
      }
    }
    return output
  }
}
