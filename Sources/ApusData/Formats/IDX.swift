import ApusCore

/// The IDX format of the MNIST files: big-endian, one array per file, optionally gzipped.
///
/// Element types `ubyte`, `int`, `float` and `double` keep their type; `byte` and `short` are
/// widened to `int32`.
///
/// - Source: "The IDX file format", the MNIST database of handwritten digits, Y. LeCun.
public enum IDX {
  /// Reads the array of the file at `path`.
  ///
  /// - Throws: `DataError` for a missing, foreign, truncated or overlong file.
  public static func read(_ path: String) throws -> HostArray {
    try decode(FileBytes.readUnzipped(path), source: path)
  }

  /// Reads an array from the bytes of a file; `source` names them in errors.
  public static func decode(_ bytes: [UInt8], source: String) throws -> HostArray {
    var reader = ByteReader(bytes, source: source)
    try reader.expect(magic: [0, 0], format: "an IDX file")
    let code = try reader.integer(UInt8.self, .big, for: "the type code")
    guard let element = Element(rawValue: code) else {
      throw DataError(
        source,
        .corrupt(
          "IDX type code \(code) is not one of "
            + Element.allCases.map { String($0.rawValue) }.joined(separator: ", ")))
    }
    let rank = Int(try reader.integer(UInt8.self, .big, for: "the number of axes"))
    let shape = try (0..<rank).map { axis in
      Int(try reader.integer(UInt32.self, .big, for: "the size of axis \(axis)"))
    }
    var data = Array(try payload(&reader, element, shape))
    data.swapBytes(width: ByteReader.machineIsLittle ? element.width : 1)
    return try HostArray(
      dtype: element.dtype, shape: shape, bytes: element.widened(data), source: source)
  }

  /// Writes `array` to `path`, gzipped when the name ends in `.gz`.
  ///
  /// - Throws: `DataError` for element types that IDX lacks, or when the disk refuses.
  public static func write(_ array: HostArray, to path: String) throws {
    let bytes = try encode(array, source: path)
    try AtomicFile.write(
      path.hasSuffix(".gz") ? Deflate.compress(bytes, .gzip) : bytes, to: path)
  }

  /// Returns the bytes of a file holding `array`.
  public static func encode(_ array: HostArray, source: String = "IDX") throws -> [UInt8] {
    let element: Element
    switch array.dtype {
    case .uint8, .bool: element = .ubyte
    case .int32: element = .int
    case .float32: element = .float
    case .float64: element = .double
    case .int64, .bfloat16, .float16:
      throw DataError(
        source,
        .unsupported(
          "IDX has no \(array.dtype); convert to uint8, int32, float32 or float64"))
    }
    guard array.shape.count <= 255, array.shape.allSatisfy({ $0 <= UInt32.max }) else {
      throw DataError(
        source,
        .unsupported(
          "IDX holds at most 255 axes of at most \(UInt32.max): \(array.shape)"))
    }
    var bytes: [UInt8] = [0, 0, element.rawValue, UInt8(array.shape.count)]
    for size in array.shape { bytes.append(UInt32(size), .big) }
    var data = array.bytes
    data.swapBytes(width: ByteReader.machineIsLittle ? element.width : 1)
    return bytes + data
  }

  private static func payload(
    _ reader: inout ByteReader, _ element: Element, _ shape: [Int]
  ) throws -> ArraySlice<UInt8> {
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
      let width = element.width == 1 ? "" : " × \(element.width)"
      throw DataError(
        reader.source,
        .truncated(
          claim: "header says \(HostArray.product(shape))\(width) = \(needed) bytes",
          available: reader.remaining))
    }
    let data = try reader.take(needed, for: "the data")
    try reader.expectEnd()
    return data
  }
}

extension IDX {
  /// The type codes of the format.
  enum Element: UInt8, CaseIterable {
    case ubyte = 0x08
    case byte = 0x09
    case short = 0x0B
    case int = 0x0C
    case float = 0x0D
    case double = 0x0E

    /// Bytes per element in the file.
    var width: Int {
      switch self {
      case .ubyte, .byte: 1
      case .short: 2
      case .int, .float: 4
      case .double: 8
      }
    }

    var dtype: DType {
      switch self {
      case .ubyte: .uint8
      case .byte, .short, .int: .int32
      case .float: .float32
      case .double: .float64
      }
    }

    /// Returns elements in machine byte order as elements of `dtype`.
    func widened(_ data: [UInt8]) -> [UInt8] {
      switch self {
      case .byte: Widening.toInt32(data, from: Int8.self)
      case .short: Widening.toInt32(data, from: Int16.self)
      case .ubyte, .int, .float, .double: data
      }
    }
  }
}
