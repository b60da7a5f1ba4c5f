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
      throw DataError(
        source,
        .mismatch(
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
  public var tensor: Tensor { Tensor(bytes: bytes, dtype: dtype, shape: Shape(shape)) }

  /// The number of elements.
  public var count: Int { bytes.count / dtype.byteCount }

  /// Returns the elements, converted to `Double`.
  ///
  /// Integers above 2⁵³ are rounded.
  public func doubles() -> [Double] {
    func convert<Scalar: TensorScalar>(_ type: Scalar.Type) -> [Double] {
      bytes.withUnsafeBytes { $0.assumingMemoryBound(to: type).map(\.asDouble) }
    }
    return convert(dtype.scalarType)
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
      let (next, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else {
        throw DataError(source, .corrupt("shape \(product(shape)) has no possible size"))
      }
      count = next
    }
    return count
  }
}
