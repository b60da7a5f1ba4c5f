import ApusCore
import ApusTestSupport
import Testing

/// How far results of a dtype may lie from the reference, as a part of the largest one.
private func tolerance(_ dtype: DType) -> Double {
  switch dtype {
  case .float64: 1e-11
  case .float32: 1e-5
  case .float16: 1e-2
  default: 6e-2
  }
}

@Suite("operations on XLA", .needsPlugin) struct ParityTests {
  /// Values, and gradients of their weighted sum.
  ///
  /// - Parameter isValueOnly: Leaves the gradients out.
  private func results(
    _ example: OperationExample, _ operands: [Tensor], isValueOnly: Bool
  ) -> [Tensor] {
    let y = example.call(operands)
    if isValueOnly { return [y] }
    let weights = (0..<y.count).map { 0.5 + Double($0 % 5) / 4 }
    let slopes = gradients(at: operands) {
      (example.call($0) * Tensor(weights, shape: y.shape, dtype: y.dtype)).sum()
    }
    return [y] + slopes
  }

  @Test(
    "values and gradients agree with the reference executor", arguments: OperationExample.all,
    [DType.float64, .float32, .bfloat16, .float16])
  func agree(example: OperationExample, dtype: DType) throws {
    var random = SplitMix(state: 5)
    let operands = example.shapes.map { dims in
      let count = dims.reduce(1, *)
      let values = (0..<count).map { _ in Double.random(in: example.range, using: &random) }
      return Tensor(values, shape: Shape(dims), dtype: dtype)
    }
    try TestExecutor.reference.run { try eval(operands) }
    // Of a gradient this would be order 2, whose sums cancel to less than 8 bits tell.
    let isValueOnly = dtype == .bfloat16 && example.name.hasSuffix("Gradient")
    // 16-bit numbers are compared with what 32 bits give for the same operands.
    let wide: DType = dtype == .float64 ? .float64 : .float32
    let expected = try TestExecutor.reference.run {
      let results = results(
        example, operands.map { $0.converted(to: wide) }, isValueOnly: isValueOnly)
      try eval(results)
      return results
    }
    let actual = results(example, operands, isValueOnly: isValueOnly)
    try XLATestDevice.run { try eval(actual) }
    for (index, (mine, reference)) in zip(actual, expected).enumerated() {
      #expect(mine.dtype == dtype)
      let values = try reference.scalars(as: Double.self)
      let largest = values.reduce(0) { max($0, abs($1)) }
      let name = index == 0 ? "value" : "gradient \(index - 1)"
      try expectClose(
        mine, values, shape: reference.shape, absolute: tolerance(dtype) * max(largest, 1e-3),
        relative: 0, "\(name) of \(example) in \(dtype)")
    }
  }

  @Test(
    "indexing and sorting agree for every dtype", arguments: DType.allCases, [[9, 8], [6, 7, 2]])
  func indexing(dtype: DType, dims: [Int]) throws {
    try expectAgreement { indexingResults(Shape(dims), dtype) }
  }

  @Test("shaping agrees for every dtype", arguments: DType.allCases)
  func shaping(dtype: DType) throws {
    try expectAgreement {
      let x = wholeNumbers([3, 4, 2], dtype, seed: 1)
      let y = wholeNumbers([3, 1, 2], dtype, seed: 2)
      let condition = wholeNumbers([3, 4, 1], .int32, seed: 3) .> 3
      return [
        x.reshaped(to: [6, 4]), y.broadcast(to: [2, 3, 4, 2]),
        x.transposed(permutation: [2, 0, 1]),
        x.sliced(axis: 1, 1..<4, stride: 2), x.flipped(axes: [0, 2]),
        concatenated([x, y, x], axis: 1),
        x.padded(low: [1, -1, 0], high: [0, 2, -1], value: 3), x.where(condition, else: y),
        apply(
          Pad(low: [0, -2, 1], high: [1, 0, -2], interior: [2, 1, 3], value: Literal(1.0)), [x]),
        Tensor(repeating: 1, shape: [2, 3], dtype: dtype), x .== y, x .!= y,
        wholeNumbers([2, 3], .int64, seed: 4).oneHot(depth: 8, dtype: dtype), x.stoppingGradient(),
      ]
    }
  }

  @Test(
    "numbers are combined alike for every numeric dtype",
    arguments: DType.allCases.filter(\.isNumeric))
  func reduction(dtype: DType) throws {
    try expectAgreement {
      let x = wholeNumbers([3, 4, 2], dtype, seed: 1)
      return [
        x.sum(axes: [1]), x.sum(), x.product(axes: [2]), x.max(axes: [0, 2]), x.min(axes: [1]),
        x.argmax(), x.argmin(axis: 1, dtype: .int64), Tensor.iota([3, 300], axis: 1, dtype: dtype),
      ]
    }
  }
}
