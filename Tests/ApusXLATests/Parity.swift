import ApusCore
import ApusTestSupport
import Testing

/// A tensor of small numbers drawn evenly from -1..<1.
func randomNumbers(_ dims: [Int], _ dtype: DType = .float64, seed: UInt64) -> Tensor {
  var random = SplitMix(state: seed)
  let values = (0..<dims.reduce(1, *)).map { _ in Double.random(in: -1..<1, using: &random) }
  return Tensor(values, shape: Shape(dims), dtype: dtype)
}

/// Expects that XLA gives what another executor gives, each element within a part of the largest.
///
/// Results of 16-bit operands are compared with what 32 bits give for the same numbers. Where 16-bit
/// values are kept between operations, they may lie as far off as the CPU executor's do, and half as
/// far again.
func expectParity(
  _ operands: [Tensor], within tolerance: Double, against executor: TestExecutor = .cpu,
  _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ function: ([Tensor]) -> [Tensor]
) throws {
  try executor.run { try eval(operands) }
  let isHalf = operands.contains { $0.dtype.byteCount == 2 }
  let wide = operands.map { $0.dtype.byteCount == 2 ? $0.converted(to: .float32) : $0 }
  let expected = function(wide)
  try executor.run { try eval(expected) }
  let rounded = isHalf ? function(operands) : []
  try executor.run { try eval(rounded) }
  let actual = function(operands)
  try XLATestDevice.run { try eval(actual) }
  #expect(actual.count == expected.count)
  for (index, (mine, reference)) in zip(actual, expected).enumerated() {
    let values = try reference.scalars(as: Double.self)
    let largest = values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    var distance = tolerance * max(largest, 1e-30)
    if isHalf {
      let others = try rounded[index].scalars(as: Double.self)
      let errors = zip(others, values).map { abs($0 - $1) }
      distance += 1.5 * errors.reduce(0) { $1.isFinite ? max($0, $1) : $0 }
    }
    try expectClose(
      mine, values, shape: reference.shape, absolute: distance, relative: 0,
      "result \(index) \(comment.map { "of \($0)" } ?? "")", sourceLocation: sourceLocation)
  }
}

extension DType {
  /// How far results may lie apart that were added up in another order, as a part of the largest;
  /// 16-bit ones also by their rounding at the end.
  var parityTolerance: Double {
    switch self {
    case .float64: 1e-12
    case .float32: 5e-6
    case .float16: 0x1p-11
    default: 0x1p-8
    }
  }
}

/// Expects that every call fails on XLA with the message that the CPU executor gives.
func expectSameFailures(
  sourceLocation: SourceLocation = #_sourceLocation, _ calls: () -> [Tensor]
) throws {
  func message(_ x: Tensor) -> String? {
    do {
      _ = try x.bytes()
      return nil
    } catch { return "\(error)" }
  }
  for (index, (mine, reference)) in zip(calls(), calls()).enumerated() {
    let expected = TestExecutor.cpu.run { message(reference) }
    let actual = try XLATestDevice.run { message(mine) }
    #expect(expected != nil, "call \(index)", sourceLocation: sourceLocation)
    #expect(actual == expected, "call \(index)", sourceLocation: sourceLocation)
  }
}
