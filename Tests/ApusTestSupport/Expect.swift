import ApusCore
import Testing

/// Expects every element within `absolute + relative · |expected|` of the expected one.
package func expectClose(
  _ actual: [Double], _ expected: [Double], absolute: Double = 1e-12, relative: Double = 1e-9,
  _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, comment, sourceLocation: sourceLocation)
  var worst: (index: Int, excess: Double)?
  for (index, (a, b)) in zip(actual, expected).enumerated() {
    let isSame = a == b || (a.isNaN && b.isNaN)
    let excess = abs(a - b) - (absolute + relative * abs(b))
    if !isSame, !(excess <= 0), worst == nil || !(excess <= worst?.excess ?? 0) {
      worst = (index, excess)
    }
  }
  guard let worst else { return }
  let text = "element \(worst.index) is \(actual[worst.index]), expected \(expected[worst.index])"
  Issue.record("\(text) \(comment.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
}

/// Expects a tensor of a shape with elements close to the expected ones.
package func expectClose(
  _ actual: Tensor, _ expected: [Double], shape: Shape? = nil, absolute: Double = 1e-12,
  relative: Double = 1e-9, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let values = try actual.scalars(as: Double.self)
  if let shape { #expect(actual.shape == shape, comment, sourceLocation: sourceLocation) }
  expectClose(
    values, expected, absolute: absolute, relative: relative, comment,
    sourceLocation: sourceLocation)
}

/// Expects tensors of the same types and bits.
package func expectSameBits(
  _ actual: [Tensor], _ expected: [Tensor], _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(actual.map(\.type) == expected.map(\.type), comment, sourceLocation: sourceLocation)
  for (a, b) in zip(actual, expected) {
    let (mine, theirs) = (try a.bytes(), try b.bytes())
    #expect(mine == theirs, comment, sourceLocation: sourceLocation)
  }
}

/// Expects a failed tensor whose message is exactly `text`.
package func expectRefusal(
  _ tensor: Tensor, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(tensor.error?.description == text, sourceLocation: sourceLocation)
}

/// A stand-in of a type, for checks of rules that need no values.
package func standIn(_ dtype: DType, _ dims: [Int]) -> Tensor {
  Tensor.placeholder(TensorType(dtype, dims))
}
