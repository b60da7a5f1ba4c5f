import ApusCore

/// Elements in row-major order: floats as doubles, everything else as 64-bit integers.
struct ReferenceValue {
  let type: TensorType
  var floats: [Double] = []
  var integers: [Int64] = []

  init(_ type: TensorType, floats: [Double]) {
    self.type = type
    self.floats = floats.map { ReferenceValue.round($0, type.dtype) }
  }

  init(_ type: TensorType, integers: [Int64]) {
    self.type = type
    self.integers = integers.map { ReferenceValue.wrap($0, type.dtype) }
  }

  init(_ type: TensorType, from pointer: UnsafeMutableRawPointer) {
    self.type = type
    func read<T: TensorScalar>(_: T.Type) -> [any TensorScalar] {
      (0..<type.count).map { pointer.assumingMemoryBound(to: T.self)[$0] }
    }
    let scalars = read(type.dtype.scalarType)
    if type.dtype.isFloating {
      floats = scalars.map { $0.asDouble }
    } else {
      integers = scalars.map { $0.asInt64 }
    }
  }

  /// Element `i`, whatever the dtype.
  subscript(index: Int) -> Double {
    type.dtype.isFloating ? floats[index] : Double(integers[index])
  }

  /// The value whose element `i` is element `places[i]` of this one.
  func picking(_ places: [Int], as type: TensorType) -> ReferenceValue {
    type.dtype.isFloating
      ? ReferenceValue(type, floats: places.map { floats[$0] })
      : ReferenceValue(type, integers: places.map { integers[$0] })
  }

  func store(to pointer: UnsafeMutableRawPointer) { type.dtype.scalarType.store(self, to: pointer) }

  private static func round(_ value: Double, _ dtype: DType) -> Double {
    switch dtype {
    case .float32: Double(Float(value))
    case .float16: Double(Float16(value))
    case .bfloat16: Double(BFloat16(Float(value)).float)
    default: value
    }
  }

  private static func wrap(_ value: Int64, _ dtype: DType) -> Int64 {
    switch dtype {
    case .int32: Int64(Int32(truncatingIfNeeded: value))
    case .uint8: Int64(UInt8(truncatingIfNeeded: value))
    case .bool: value != 0 ? 1 : 0
    default: value
    }
  }
}

extension TensorScalar {
  fileprivate static func store(_ value: ReferenceValue, to pointer: UnsafeMutableRawPointer) {
    let target = pointer.assumingMemoryBound(to: Self.self)
    for index in 0..<value.type.count {
      target[index] =
        value.type.dtype.isFloating
        ? Self(lossy: value.floats[index]) : Self(lossy: value.integers[index])
    }
  }
}

extension Shape {
  /// All coordinates in row-major order.
  var coordinates: [[Int]] {
    var all: [[Int]] = [[]]
    for extent in dims { all = all.flatMap { head in (0..<extent).map { head + [$0] } } }
    return all
  }

  /// The row-major position of a coordinate.
  func position(_ coordinate: [Int]) -> Int {
    zip(coordinate, dims).reduce(0) { $0 * $1.1 + $1.0 }
  }
}
