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

  /// Refuses what no tensor can be: more axes, or more bytes along them, than can be addressed.
  package func checkSize(_ name: String = "the result") throws(Violation) {
    try require(rank <= 8, "\(name) has rank \(rank); the largest is 8")
    try require(
      shape.dims.allSatisfy { $0 >= 0 }, "\(name) \(shape) has a negative extent")
    try require(
      shape.span.timesClamped(dtype.byteCount) <= 1 << 56, "\(name) \(self) is too large")
  }

  /// The extent of an axis; negative axes count from the last.
  public subscript(axis: Int) -> Int { shape[axis] }

  public var description: String { "\(dtype)\(shape)" }
}

extension TensorType {
  package func with(shape: Shape) -> TensorType { TensorType(dtype, shape) }
  /// Why no tensor can have this type.
  package var sizeViolation: Violation? {
    do throws(Violation) { try checkSize("the tensor") } catch { return error }
    return nil
  }

  package func with(dtype: DType) -> TensorType { TensorType(dtype, shape) }
}
