import ApusCore
import ApusTestSupport
import Testing

/// Compares the results of a function, and its gradients, with what PyTorch computed in float64.
func checkGolden(
  _ golden: GoldenCase, absolute: Double = 1e-11, relative: Double = 1e-9,
  sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) -> [Tensor]
) throws {
  try onExecutors {
    try compare(
      golden, absolute: absolute, relative: relative, sourceLocation: sourceLocation, function)
  }
}

private func compare(
  _ golden: GoldenCase, absolute: Double, relative: Double, sourceLocation: SourceLocation,
  _ function: ([Tensor]) -> [Tensor]
) throws {
  let name: Comment = "\(golden)"
  let inputs = golden.inputs.map(\.tensor)
  let arguments = inputs.map { Tensor.placeholder($0.type) }
  let outputs = function(arguments)
  #expect(outputs.count == golden.outputs.count, name, sourceLocation: sourceLocation)
  let values = substitute(arguments, by: inputs, in: outputs)
  for (value, expected) in zip(values, golden.outputs) {
    try expectClose(
      value, expected.values, shape: Shape(expected.shape), absolute: absolute,
      relative: relative, name, sourceLocation: sourceLocation)
  }
  guard let upstream = golden.upstream, let expected = golden.gradients else { return }
  let gradients = vectorJacobianProduct(
    of: outputs, cotangents: upstream.map { $0?.tensor }, withRespectTo: arguments)
  for (index, (gradient, expected)) in zip(gradients, expected).enumerated() {
    guard let expected else { continue }
    guard let gradient else {
      Issue.record("no gradient \(index) of \(golden)", sourceLocation: sourceLocation)
      continue
    }
    try expectClose(
      substitute(arguments, by: inputs, in: [gradient])[0], expected.values,
      shape: Shape(expected.shape), absolute: absolute, relative: relative,
      "gradient \(index) of \(golden)", sourceLocation: sourceLocation)
  }
}

/// Evaluates on every executor what `body` asks for.
func onExecutors(_ body: () throws -> Void) rethrows {
  for executor in TestExecutor.allCases { try executor.run(body) }
}

/// Compares gradients with central differences on every executor.
func expectGradient(
  of shapes: [[Int]], in range: Range<Double> = -1..<1, order: Int = 2, seed: UInt64,
  tolerance: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation,
  _ function: ([Tensor]) -> Tensor
) throws {
  try onExecutors {
    try checkGradient(
      of: shapes, in: range, order: order, seed: seed, tolerance: tolerance,
      sourceLocation: sourceLocation, function)
  }
}

/// The golden cases of an operation; at least one, or the name is wrong.
func goldens(_ family: String, op: String) throws -> [GoldenCase] {
  let cases = try goldens(family).filter { $0.op == op }
  #expect(!cases.isEmpty, "no golden cases of \(op)")
  return cases
}
