/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  case float32, float64, bfloat16, float16, int32, int64, uint8, bool

  /// Bytes one element occupies.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    case .uint8, .bool: 1
    }
  }

  /// Whether elements are binary floating-point numbers.
  public var isFloating: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    default: false
    }
  }

  /// Whether elements are integers; `bool` is not one.
  public var isInteger: Bool {
    switch self {
    case .int32, .int64, .uint8: true
    default: false
    }
  }

  /// Whether elements can be added and multiplied: everything but `bool`.
  public var isNumeric: Bool { self != .bool }

  /// The short spelling used when types are printed, such as `f32`.
  public var description: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .bfloat16: "bf16"
    case .float16: "f16"
    case .int32: "i32"
    case .int64: "i64"
    case .uint8: "u8"
    case .bool: "bool"
    }
  }
}
