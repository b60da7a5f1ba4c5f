import ApusCore
import ApusTestSupport
import Testing

/// A tensor of small numbers drawn evenly from -1..<1.
func randomNumbers(_ dims: [Int], _ dtype: DType = .float64, seed: UInt64) -> Tensor {
  var random = SplitMix(state: seed)
  let values = (0..<dims.reduce(1, *)).map { _ in Double.random(in: -1..<1, using: &random) }
  return Tensor(values, shape: Shape(dims), dtype: dtype)
}

/// Expects that XLA gives what the CPU executor gives, each element within a part of the largest.
///
/// 16-bit operands of `function` are compared with what 32 bits give for the same numbers.
func expectParity(
  _ operands: [Tensor], within tolerance: Double, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) -> [Tensor]
) throws {
  try TestExecutor.cpu.run { try eval(operands) }
  let wide = operands.map { $0.dtype.byteCount == 2 ? $0.converted(to: .float32) : $0 }
  let expected = function(wide)
  try TestExecutor.cpu.run { try eval(expected) }
  let actual = function(operands)
  try XLATestDevice.run { try eval(actual) }
  #expect(actual.count == expected.count)
  for (index, (mine, reference)) in zip(actual, expected).enumerated() {
    let values = try reference.scalars(as: Double.self)
    let largest = values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    try expectClose(
      mine, values, shape: reference.shape, absolute: tolerance * max(largest, 1e-30),
      relative: 0, "result \(index) \(comment.map { "of \($0)" } ?? "")",
      sourceLocation: sourceLocation)
  }
}

extension DType {
  /// How far results may lie apart that were added up in another order, as a part of the largest;
  /// 16-bit ones are rounded once, at the end.
  var parityTolerance: Double {
    switch self {
    case .float64: 1e-12
    case .float32: 5e-6
    case .float16: 1e-3
    default: 8e-3
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
