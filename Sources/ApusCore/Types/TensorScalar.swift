/// A Swift type that tensors can be made from and read as.
public protocol TensorScalar: Sendable {
  /// The dtype that stores this type without conversion.
  static var dtype: DType { get }
  /// Converts from a double; floats round, integers saturate, NaN becomes 0.
  init(lossy value: Double)
  /// Converts from a 64-bit integer; narrower integers keep the low bits.
  init(lossy value: Int64)
  /// The value as a double.
  var asDouble: Double { get }
  /// The value as a 64-bit integer; floats truncate and saturate.
  var asInt64: Int64 { get }
}

extension TensorScalar where Self: BinaryFloatingPoint {
  public init(lossy value: Double) { self.init(value) }
  public init(lossy value: Int64) { self.init(value) }
  public var asDouble: Double { Double(self) }
  public var asInt64: Int64 { Int64(lossy: Double(self)) }
}

extension TensorScalar where Self: FixedWidthInteger {
  public init(lossy value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= Double(Self.max) {
      self = .max
    } else if value <= Double(Self.min) {
      self = .min
    } else {
      self = Self(value)
    }
  }
  public init(lossy value: Int64) { self.init(truncatingIfNeeded: value) }
  public var asDouble: Double { Double(self) }
  public var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
}

extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }
extension Float16: TensorScalar { public static var dtype: DType { .float16 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension Int: TensorScalar { public static var dtype: DType { .int64 } }
extension UInt8: TensorScalar { public static var dtype: DType { .uint8 } }

extension BFloat16: TensorScalar {
  public static var dtype: DType { .bfloat16 }
  public init(lossy value: Double) { self.init(Float(value)) }
  public init(lossy value: Int64) { self.init(Float(value)) }
  public var asDouble: Double { Double(float) }
  public var asInt64: Int64 { Int64(lossy: Double(float)) }
}

extension Bool: TensorScalar {
  public static var dtype: DType { .bool }
  public init(lossy value: Double) { self = value != 0 }
  public init(lossy value: Int64) { self = value != 0 }
  public var asDouble: Double { self ? 1 : 0 }
  public var asInt64: Int64 { self ? 1 : 0 }
}

extension DType {
  /// The Swift type whose memory layout is this dtype's.
  package var scalarType: any TensorScalar.Type {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    case .bfloat16: BFloat16.self
    case .float16: Float16.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .uint8: UInt8.self
    case .bool: Bool.self
    }
  }
}
