/// Surrounds a tensor with a value, and optionally puts it between elements.
///
/// Negative amounts remove elements.
/// - Gradient: the part of the gradient where the operand lies.
/// - Source: StableHLO specification, `pad`.
package struct Pad: Operation {
  package let low: [Int]
  package let high: [Int]
  package let interior: [Int]
  package let value: Literal
  package var name: String { "pad" }
  package var attributes: String { "low: \(low), high: \(high), interior: \(interior), \(value)" }
  package var cpu: CPUKernel { .kernel }

  package init(low: [Int], high: [Int], interior: [Int], value: Literal) {
    self.low = low
    self.high = high
    self.interior = interior
    self.value = value
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      low.count == x.rank && high.count == x.rank && interior.count == x.rank,
      "names \(low.count) axes, the operand has \(x.rank)")
    var dims: [Int] = []
    for axis in 0..<x.rank {
      try require(interior[axis] >= 0, "interior padding \(interior[axis]) is negative")
      for amount in [low[axis], high[axis], interior[axis]] {
        try require(
          amount.magnitude < 1 << 56, "padding \(amount) of axis \(axis) is too large")
      }
      let extent = x.dims[axis].plusClamped(max(x.dims[axis] - 1, 0).timesClamped(interior[axis]))
      let padded = extent.plusClamped(low[axis] + high[axis])
      try require(
        padded >= 0, "axis \(axis) with extent \(x.dims[axis]) would get extent \(padded)")
      dims.append(padded)
    }
    return [x.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    // Removing the padding is padding by negative amounts; then every (interior + 1)-th remains.
    let zero = Array(repeating: 0, count: low.count)
    let core = apply(
      Pad(low: low.map { -$0 }, high: high.map { -$0 }, interior: zero, value: Literal(0.0)), [dy])
    if interior.allSatisfy({ $0 == 0 }) { return [core] }
    return [
      apply(
        Slice(starts: zero, limits: core.shape.dims, strides: interior.map { $0 + 1 }), [core])
    ]
  }
}

extension Tensor {
  /// Returns the tensor surrounded by `value`: `low` elements before and `high` after each axis.
  public func padded(
    low: [Int], high: [Int], value: Double = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let zero = Array(repeating: 0, count: low.count)
    return apply(
      Pad(low: low, high: high, interior: zero, value: Literal(value)), [self],
      at: CallSite(file: file, line: line))
  }
}
