import ApusCore

/// Numbers in host memory: what files hold and data sets are made of.
///
/// Bytes are row-major (C order) in the machine's byte order.
public struct HostArray: Sendable, Hashable {
  public let dtype: DType
  public let shape: [Int]
  public let bytes: [UInt8]

  /// Creates an array of `shape` over `bytes`.
  ///
  /// - Throws: `DataError` naming `source` when the byte count does not fit the shape.
  public init(
    dtype: DType, shape: [Int], bytes: [UInt8], source: String = "array"
  ) throws {
    let needed = try Self.byteCount(dtype: dtype, shape: shape, source: source)
    guard bytes.count == needed else {
      let sizes = Self.product(shape)
      throw DataError(source, .mismatch(
        "shape needs \(sizes) × \(dtype.byteCount) = \(needed) bytes, there are \(bytes.count)"))
    }
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// Copies the values of a tensor, computing it first if needed.
  ///
  /// - Throws: The tensor's own error.
  public init(_ tensor: Tensor) throws {
    if let error = tensor.error { throw error }
    self.dtype = tensor.dtype
    self.shape = tensor.shape.dims
    self.bytes = try tensor.bytes()
  }

  /// A tensor holding a copy of the values.
  public var tensor: Tensor {
    let storage = Storage(byteCount: bytes.count)
    bytes.withUnsafeBytes { source in
      storage.withUnsafeMutableBytes { $0.copyMemory(from: source) }
    }
    return Tensor(storage: storage, dtype: dtype, shape: Shape(shape))
  }

  /// The number of elements.
  public var count: Int { bytes.count / dtype.byteCount }

  /// Returns the elements, converted to `Double`.
  ///
  /// Integers above 2⁵³ are rounded.
  public func doubles() -> [Double] {
    bytes.withUnsafeBytes { raw in
      func convert<T: BitwiseCopyable>(_ type: T.Type, _ value: (T) -> Double) -> [Double] {
        (0..<count).map {
          value(raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: type))
        }
      }
      switch dtype {
      case .float32: return convert(Float.self) { Double($0) }
      case .float64: return convert(Double.self) { $0 }
      case .float16: return convert(UInt16.self) { HalfFloat.double(fromBits: $0) }
      case .bfloat16: return convert(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
      case .int32: return convert(Int32.self) { Double($0) }
      case .int64: return convert(Int64.self) { Double($0) }
      case .uint8, .bool: return convert(UInt8.self) { Double($0) }
      }
    }
  }

  static func product(_ shape: [Int]) -> String {
    shape.isEmpty ? "1" : shape.map(String.init).joined(separator: " × ")
  }

  /// Returns the bytes that `shape` needs.
  ///
  /// - Throws: `DataError` when a size is negative or the product overflows.
  static func byteCount(dtype: DType, shape: [Int], source: String) throws -> Int {
    var count = dtype.byteCount
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else {
        throw DataError(source, .corrupt("shape \(product(shape)) has no possible size"))
      }
      count = product
    }
    return count
  }
}

/// IEEE 754 half precision in software, for machines and compilers without the type.
enum HalfFloat {
  static func double(fromBits bits: UInt16) -> Double {
    let sign: Double = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF) / 1024
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
