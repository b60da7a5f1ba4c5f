/// What is known of a tensor before it is computed: dtype and shape.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  public let dtype: DType
  public let shape: Shape

  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  public init(_ dtype: DType, _ dims: [Int]) { self.init(dtype, Shape(dims)) }

  public var rank: Int { shape.rank }
  public var count: Int { shape.count }
  public var dims: [Int] { shape.dims }

  /// Bytes the elements occupy. Saturates instead of overflowing.
  public var byteCount: Int {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    return overflow ? Int.max : bytes
  }

  /// The extent of an axis; negative axes count from the last.
  public subscript(axis: Int) -> Int { shape[axis] }

  public var description: String { "\(dtype)\(shape)" }
}

extension TensorType {
  package func with(shape: Shape) -> TensorType { TensorType(dtype, shape) }
  package func with(dtype: DType) -> TensorType { TensorType(dtype, shape) }
}
