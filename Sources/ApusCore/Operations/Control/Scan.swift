/// A loop with carried state: applies a body to each element of the leading axis of sequences.
///
///     for t in 0..<length { (carry, y[t]) = body(carry, x[t], invariants) }
///
/// - Shape: operands are the carries, the sequences `x[length, …]`, and the invariants, which every
///   step sees whole. Results are the carries after the last step, the stacked `y[length, …]`, and
///   the stacked carries as they were before each step: what the gradient needs.
/// - Gradient: a scan in the other direction whose body is the vector-Jacobian product of the body.
/// - Source: StableHLO specification, `while`.
package struct Scan: Operation {
  /// Inputs: carries, elements of the sequences, invariants. Outputs: carries, elements of `y`.
  package let body: Graph
  package let carryCount: Int
  package let sequenceCount: Int
  package let invariantCount: Int
  package let yCount: Int
  package let length: Int
  /// Whether steps run from the last element to the first.
  package let isReversed: Bool

  package var name: String { "scan" }
  package var attributes: String {
    "length: \(length), carries: \(carryCount), sequences: \(sequenceCount)"
      + (isReversed ? ", reversed" : "")
  }
  package var cpu: CPUKernel { .kernel }

  package var resultCount: Int { 2 * carryCount + yCount }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let count = carryCount + sequenceCount + invariantCount
    try require(
      operands.count == count && body.inputCount == count,
      "has \(operands.count) operands for a body of \(body.inputCount) inputs")
    for (index, operand) in operands.enumerated() {
      var expected = body.types[index]
      if index >= carryCount && index < carryCount + sequenceCount {
        expected = stacked(expected)
      }
      try require(
        operand == expected, "operand \(index) is \(operand), the body was made for \(expected)")
    }
    let outputs = body.outputs.map { body.types[$0] }
    let carries = Array(operands[..<carryCount])
    for (index, carry) in carries.enumerated() {
      try require(
        outputs[index] == carry,
        "the body changes carry \(index) from \(carry) to \(outputs[index])")
    }
    return carries + outputs[carryCount...].map(stacked) + carries.map(stacked)
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    length.timesClamped(body.multiplyAdds)
  }

  private func stacked(_ type: TensorType) -> TensorType {
    type.with(shape: Shape([length] + type.dims))
  }
}

/// Runs a loop as part of the graph: `body` sees the carried state and one element of each sequence,
/// and gives the next state and elements of the results.
///
///     for t in 0..<length { (carry, y[t]) = body(carry, x[t]) }
///
/// The body is traced once; tensors from outside that it uses stay the same in every step, and
/// receive gradients.
///
/// - Shape: `sequences x[T, …] → y[T, …]`; carries keep their type.
/// - Parameters:
///   - length: The number of steps; needed when there are no sequences.
///   - reverse: Starts with the last element; `y[t]` still belongs to `x[t]`.
public func scan(
  initial: [Tensor], over sequences: [Tensor] = [], length: Int? = nil, reverse: Bool = false,
  file: String = #fileID, line: Int = #line,
  body: (_ carry: [Tensor], _ x: [Tensor]) -> (carry: [Tensor], y: [Tensor])
) -> (carry: [Tensor], y: [Tensor]) {
  let site = CallSite(file: file, line: line)
  let operands = initial + sequences
  /// The body tells how many results there would have been.
  func failure(_ failed: Tensor) -> (carry: [Tensor], y: [Tensor]) {
    let y = body(initial.map { _ in failed }, sequences.map { _ in failed }).y
    return (initial.map { _ in failed }, y.map { _ in failed })
  }
  if let failed = operands.first(where: { $0.error != nil }) { return failure(failed) }
  do throws(Violation) {
    let length = try scanLength(of: sequences, stated: length)
    let carry = initial.map { Tensor.placeholder($0.type) }
    let x = sequences.map { Tensor.placeholder($0.type.element) }
    let (newCarry, y) = body(carry, x)
    func all(_ failed: Tensor) -> (carry: [Tensor], y: [Tensor]) {
      (initial.map { _ in failed }, y.map { _ in failed })
    }
    if let failed = (newCarry + y).first(where: { $0.error != nil }) { return all(failed) }
    if newCarry.count != initial.count {
      let reason = "the body returns \(newCarry.count) carries, was given \(initial.count)"
      return all(Tensor(error: refusal(of: "scan", operands, Violation(reason), at: site)))
    }
    let trace = ScanTrace(
      carries: Array(zip(carry, initial)), sequences: Array(zip(x, sequences)), invariants: [],
      newCarries: newCarry, y: y, length: length, isReversed: reverse)
    let results = trace.recorded(at: site)
    let ys = results[initial.count..<(initial.count + y.count)]
    return (Array(results[..<initial.count]), Array(ys))
  } catch {
    return failure(Tensor(error: refusal(of: "scan", operands, error, at: site)))
  }
}

/// The number of steps that the sequences and the caller agree on.
private func scanLength(of sequences: [Tensor], stated: Int?) throws(Violation) -> Int {
  for (index, sequence) in sequences.enumerated() {
    try require(sequence.rank > 0, "sequence \(index) is a scalar: it has no axis to run over")
    try require(
      sequence.shape.dims[0] == sequences[0].shape.dims[0],
      "sequences differ in length: sequence 0 has \(sequences[0].shape.dims[0]), "
        + "sequence \(index) has \(sequence.shape.dims[0])")
  }
  guard let found = sequences.first?.shape.dims[0] else {
    guard let stated else { throw Violation("needs a length: there are no sequences") }
    try require(stated >= 0, "length \(stated) is negative")
    return stated
  }
  try require(
    stated == nil || stated == found,
    "length is \(stated ?? 0), sequences have \(found) elements")
  return found
}

extension TensorType {
  /// The type of one element of the first axis.
  package var element: TensorType { with(shape: Shape(Array(dims.dropFirst()))) }
}
