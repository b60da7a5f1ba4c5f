/// A number written in a formula, exact for doubles and 64-bit integers alike.
public struct Literal: Sendable, Hashable, CustomStringConvertible {
  private let bits: UInt64
  public let isInteger: Bool

  public init(_ value: Double) {
    bits = value.bitPattern
    isInteger = false
  }

  public init(_ value: Int64) {
    bits = UInt64(bitPattern: value)
    isInteger = true
  }

  public var asDouble: Double {
    isInteger ? Double(Int64(bitPattern: bits)) : Double(bitPattern: bits)
  }
  public var asInt64: Int64 {
    isInteger ? Int64(bitPattern: bits) : Int64(lossy: Double(bitPattern: bits))
  }

  public var description: String { isInteger ? "\(asInt64)" : "\(asDouble)" }
}

/// One number in every element.
package struct Constant: Operation {
  package let value: Literal
  package let type: TensorType
  package var name: String { "constant" }
  package var attributes: String { value.description }
  package var cpu: CPUKernel { .instruction("fill") }
  package init(_ value: Literal, _ type: TensorType) {
    self.value = value
    self.type = type
  }
  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(type.dims.allSatisfy { $0 >= 0 }, "shape \(type.shape) has a negative extent")
    return [type]
  }
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [] }
}

/// The coordinate of each element along one axis.
package struct Iota: Operation {
  package let type: TensorType
  package let axis: Int
  package var name: String { "iota" }
  package var attributes: String { "axis: \(axis)" }
  package var cpu: CPUKernel { .instruction("iota") }
  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(type.dtype.isNumeric, "needs a numeric dtype, not \(type.dtype)")
    try require(type.dims.allSatisfy { $0 >= 0 }, "shape \(type.shape) has a negative extent")
    try require(
      type.shape.dims.indices.contains(axis), "axis \(axis) is out of range for rank \(type.rank)")
    return [type]
  }
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [] }
}
