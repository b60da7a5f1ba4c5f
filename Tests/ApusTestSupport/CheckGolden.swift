import ApusCore
import Testing

/// Compares a function of floating inputs with the values and gradients of a golden.
///
/// - Parameter function: Gives the golden's differentiable outputs, then the others.
package func check(
  _ golden: GoldenCase, absolute: Double = 1e-12, relative: Double = 1e-10,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) -> [Tensor]
) throws {
  let inputs = golden.inputs.map(\.tensor)
  let outputs = function(inputs)
  #expect(outputs.count == golden.outputs.count, "\(golden)", sourceLocation: sourceLocation)
  for (output, expected) in zip(outputs, golden.outputs) {
    try expectClose(
      output, expected.values, shape: Shape(expected.shape), absolute: absolute,
      relative: relative, "\(golden)",
      sourceLocation: sourceLocation)
  }
  guard let upstream = golden.upstream, let expected = golden.gradients else { return }
  let places = inputs.indices.filter { inputs[$0].dtype.isFloating && expected[$0] != nil }
  let gradients = gradients(at: places.map { inputs[$0] }) { points in
    var arguments = inputs
    for (place, point) in zip(places, points) { arguments[place] = point }
    let terms = zip(function(arguments), upstream).compactMap { output, weight in
      weight.map { (output * $0.tensor).sum() }
    }
    return terms.dropFirst().reduce(terms[0]) { $0 + $1 }
  }
  for (place, gradient) in zip(places, gradients) {
    guard let values = expected[place] else { continue }
    try expectClose(
      gradient, values.values, shape: Shape(values.shape), absolute: absolute, relative: relative,
      "gradient \(place) of \(golden)", sourceLocation: sourceLocation)
  }
}
