/// Random bits of a key, the same on every device and for any number of threads.
///
/// Block `k` of a key is Philox4x32-10 of the counter `(low(k), high(k), low(stream), high(stream))`
/// under the key words `(low(seed), high(seed))`. Element `i` of `int32` is lane `i % 4` of block
/// `i / 4`. Element `i` of `int64` takes lane `2·(i % 2)` of block `i / 2` as its low and the next
/// lane as its high word.
/// - Gradient: none.
package struct RandomBits: Operation {
  package let type: TensorType
  package init(type: TensorType) { self.type = type }
  package var name: String { "randomBits" }
  package var attributes: String { "\(type)" }
  package var operandNames: [String] { ["key"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try requireKey(operands[0])
    try require(
      type.dtype == .int32 || type.dtype == .int64, "bits are i32 or i64, not \(type.dtype)")
    try require(type.dims.allSatisfy { $0 >= 0 }, "shape \(type.shape) has a negative extent")
    return [type]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}

/// Uniform random numbers in `[0, 1)` of a key.
///
/// From the bits of ``RandomBits``: `(bits >> 8)·2⁻²⁴` as `float32`, `(bits >> 11)·2⁻⁵³` as `float64`.
/// - Gradient: none.
package struct RandomUniform: Operation {
  package let type: TensorType
  package init(type: TensorType) { self.type = type }
  package var name: String { "randomUniform" }
  package var attributes: String { "\(type)" }
  package var operandNames: [String] { ["key"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try requireKey(operands[0])
    try require(
      type.dtype == .float32 || type.dtype == .float64,
      "uniform numbers are f32 or f64, not \(type.dtype)")
    try require(type.dims.allSatisfy { $0 >= 0 }, "shape \(type.shape) has a negative extent")
    return [type]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil] }
}
