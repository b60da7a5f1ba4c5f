import ApusCore
import ApusTestSupport
import Testing

/// NaN, infinities, zeros of both signs, tails and ends of domains.
@Suite("special numbers on XLA", .needsPlugin) struct SpecialValueTests {
  private static let numbers: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, 0.9375, -0.9375, 3, -3,
    0x1p-10, -0x1p-10, 7, -7, 20, -20, 40, -40, 88, -88, 120, -120, 1000, -1000,
  ]

  private func tolerance(_ dtype: DType) -> (absolute: Double, relative: Double) {
    switch dtype {
    case .float64: (1e-15, 1e-12)
    case .float32: (2e-7, 2e-6)
    case .float16: (1e-5, 2e-3)
    default: (1e-5, 1e-2)
    }
  }

  /// Compares functions of elements in a dtype with the reference executor in 32 or 64 bits.
  private func check(
    _ dtype: DType, _ names: [String], _ results: (_ dtype: DType) -> [Tensor]
  ) throws {
    let expected = results(dtype == .float64 ? .float64 : .float32).map { y in
      y.dtype.isFloating ? y.converted(to: dtype) : y
    }
    let actual = results(dtype)
    try TestExecutor.reference.run { try eval(expected) }
    try XLATestDevice.run { try eval(actual) }
    let tolerance = tolerance(dtype)
    for (name, (mine, reference)) in zip(names, zip(actual, expected)) {
      try expectClose(
        mine, try reference.scalars(as: Double.self), absolute: tolerance.absolute,
        relative: tolerance.relative, "\(name) in \(dtype)")
    }
  }

  @Test("functions of one operand", arguments: [DType.float64, .float32, .bfloat16, .float16])
  func unary(dtype: DType) throws {
    let rows = UnaryOperation.all.filter { $0.name != "logicalNot" }
    try check(dtype, rows.map(\.name)) { dtype in
      let x = Tensor(SpecialValueTests.numbers, dtype: dtype)
      return rows.map { apply($0, [x]) }
    }
  }

  @Test("functions of two operands", arguments: [DType.float64, .float32, .bfloat16, .float16])
  func binary(dtype: DType) throws {
    let logical: Set = ["and", "or", "xor"]
    // Their first operand is a gradient, for which all numbers are too many: see below.
    let slopes: Set = ["geluGradient", "geluTanhGradient"]
    let rows = BinaryOperation.all.filter { !logical.union(slopes).contains($0.name) }
    let others = BinaryOperation.all.filter { slopes.contains($0.name) }
    try check(dtype, (rows + others).map(\.name)) { dtype in
      let x = Tensor(SpecialValueTests.numbers, dtype: dtype)
      let n = x.count
      let a = x.reshaped(to: [n, 1]).broadcast(to: [n, n])
      let b = x.broadcast(to: [n, n])
      let dy = Tensor(repeating: 2, shape: [n], dtype: dtype)
      return rows.map { apply($0, [a, b]) } + others.map { apply($0, [dy, x]) }
    }
  }

  @Test("the sign of zero survives", arguments: [DType.float64, .float32, .bfloat16, .float16])
  func zeros(dtype: DType) throws {
    let x = Tensor([-0.0, 0.0], dtype: dtype)
    let results = [
      x.sign(), x.ceil(), x.truncated(), x.rounded(), -x, x.tanh(), x.converted(to: dtype),
    ]
    let ends = results.map { $0.reciprocal() }
    try XLATestDevice.run { try eval(ends) }
    let infinity = Double.infinity
    for (index, end) in ends.enumerated() {
      // The fifth is the negated one.
      let expected = index == 4 ? [infinity, -infinity] : [-infinity, infinity]
      #expect(try end.scalars(as: Double.self) == expected, "result \(index)")
    }
  }

  @Test("reductions and orders", arguments: [DType.float64, .float32, .bfloat16, .float16])
  func combined(dtype: DType) throws {
    try expectAgreement {
      let x = Tensor(
        [
          3, .nan, 1, 3, -0.0, 0, .infinity, -.infinity, 2, .nan, .nan, 5, -.infinity, -.infinity,
          -.infinity, 1, 2, 2,
        ], shape: [3, 6], dtype: dtype)
      return [
        x.max(axes: [1]), x.min(axes: [1]), x.max(axes: [0]), x.sum(axes: [1]),
        x.product(axes: [0]), x.argmax(axis: 1), x.argmin(axis: 1), x.argmax(axis: 0),
        x.sorted(axis: 1), x.argsorted(axis: 1), x.sorted(axis: 1, descending: true),
        x.argsorted(axis: 1, descending: true), x.topK(2, axis: 0, largest: false).indices,
        x.cumulativeSum(axis: 1), x.cumulativeSum(axis: 0, reversed: true),
      ]
    }
  }

  @Test(
    "infinity does not spread where elements are resampled", arguments: [DType.float64, .float32])
  func resampled(dtype: DType) throws {
    let x = Tensor([1, .infinity, 2, .nan, 3, 4], shape: [1, 6, 1], dtype: dtype)
    let dy = Tensor([1, .infinity, 2, 3, .nan, 4, 5, 6, 7, 8, 9], shape: [1, 11, 1], dtype: dtype)
    try expectAgreement {
      let y = x.resized(to: [11], .linear(aligningCorners: true))
      let slope = gradient(at: Tensor(0, like: x)) {
        ($0.resized(to: [11], .linear(aligningCorners: true)) * dy).sum()
      }
      return [y, slope, x.resized(to: [3], .nearest)]
    }
  }
}
