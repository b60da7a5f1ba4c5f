import ApusCore
import ApusTestSupport
import Testing

/// Expects that XLA gives the elements of the reference executor exactly.
func expectAgreement(
  sourceLocation: SourceLocation = #_sourceLocation, _ results: () -> [Tensor]
) throws {
  let (expected, actual) = (results(), results())
  try TestExecutor.reference.run { try eval(expected) }
  try XLATestDevice.run { try eval(actual) }
  for (index, (mine, reference)) in zip(actual, expected).enumerated() {
    #expect(mine.type == reference.type, "result \(index)", sourceLocation: sourceLocation)
    // The low bits of wide integers do not show in doubles.
    if mine.dtype.isFloating {
      try expectClose(
        mine, try reference.scalars(as: Double.self), absolute: 0, relative: 0, "result \(index)",
        sourceLocation: sourceLocation)
    } else {
      let (numbers, known) = (
        try mine.scalars(as: Int64.self), try reference.scalars(as: Int64.self)
      )
      #expect(numbers == known, "result \(index)", sourceLocation: sourceLocation)
    }
  }
}
