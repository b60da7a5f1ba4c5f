/// A part of the graph whose inner values are computed again for the gradient instead of kept.
///
/// Forward it is its body. The gradient runs the body a second time, on operands that a
/// ``RecomputeBarrier`` sets apart, and differentiates that copy: nothing inside the first run is
/// read after it, so its memory is free until then.
///
/// - Shape: operands and results are the body's.
/// - Source: Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost".
package struct Checkpoint: Composite {
  package let body: Graph
  /// What the body was traced on. Gradient rules of the user's may refer to it.
  let standIns: [Tensor]

  package var name: String { "checkpoint" }
  package var attributes: String { "\(body.instructions.count) operations" }
  package var cpu: CPUKernel { .decomposition }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(
      operands.count == body.inputCount,
      "has \(operands.count) operands for a body of \(body.inputCount) inputs")
    for (index, operand) in operands.enumerated() {
      try require(
        operand == body.types[index],
        "operand \(index) is \(operand), the body was made for \(body.types[index])")
    }
    return body.outputs.map { body.types[$0] }
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] { body.instantiate(operands) }

  package func multiplyAdds(_ operands: [TensorType]) -> Int { body.multiplyAdds }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let operands = call.operands
    // What the second run waits for: the gradients it serves, and the end of the first run.
    let awaited = upstream.compactMap { $0 } + call.results
    let barrier = RecomputeBarrier(valueCount: operands.count)
    let again = record(barrier, operands + awaited, results: operands.count)
    let outputs = body.instantiate(again)
    let sources = again.filter { $0.dtype.isFloating }
    let found = vectorJacobianProduct(
      of: outputs, cotangents: upstream, withRespectTo: sources)
    let bound = substitute(standIns, by: again, in: found.compactMap { $0 })
    var (flows, values) = (found.makeIterator(), bound.makeIterator())
    return operands.map { operand in
      guard operand.dtype.isFloating, let flow = flows.next(), flow != nil else { return nil }
      return values.next()
    }
  }

  package static func == (a: Self, b: Self) -> Bool { a.body == b.body }
  package func hash(into hasher: inout Hasher) { hasher.combine(body) }
}

/// Computes a function of tensors without keeping its inner values for the gradient.
///
/// Where the gradient needs them, they are computed again from the inputs: the memory of a deep
/// stack falls from all its layers to the inputs of its checkpointed parts and the inner values of
/// one part, for one more forward pass. Values, gradients and random draws are those of the
/// function itself, bit for bit.
///
/// ```swift
/// let y = checkpointed([x]) { [block($0[0])] }[0]
/// ```
/// The body is traced once. Tensors from outside that it uses receive gradients too.
/// - Source: Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost".
public func checkpointed(
  _ inputs: [Tensor], file: String = #fileID, line: Int = #line,
  of function: ([Tensor]) -> [Tensor]
) -> [Tensor] {
  if inputs.contains(where: { $0.error != nil }) { return function(inputs) }
  let site = CallSite(file: file, line: line)
  let start = Node.latestNumber
  let standIns = inputs.map { Tensor.placeholder($0.type) }
  let results = function(standIns)
  if let failed = results.first(where: { $0.error != nil }) { return results.map { _ in failed } }
  let given = Set(standIns.map { ObjectIdentifier($0.node) })
  // What was recorded before the function began is an operand, not part of the body.
  let outside = borderTensors(of: results) { node in
    if given.contains(ObjectIdentifier(node)) || node.isNumber { return true }
    return node.number > start && !node.isValue
  }
  do throws(TensorError) {
    let captured = try Graph.capture(results, inputs: standIns + outside)
    let rest = captured.leaves[(standIns.count + outside.count)...]
    return record(
      Checkpoint(body: captured.graph, standIns: standIns), inputs + outside + rest,
      results: results.count, at: site)
  } catch {
    return results.map { _ in Tensor(error: error) }
  }
}

/// Computes a function of one tensor without keeping its inner values for the gradient.
///
/// ```swift
/// let y = checkpointed(x) { (matmul($0, w1).relu() - b).softmax() }
/// ```
public func checkpointed(
  _ input: Tensor, file: String = #fileID, line: Int = #line, of function: (Tensor) -> Tensor
) -> Tensor {
  checkpointed([input], file: file, line: line) { [function($0[0])] }[0]
}

extension Node {
  /// Whether the node stands for values from outside: data or an argument.
  fileprivate var isValue: Bool {
    operation is Leaf || operation is Placeholder || !state.withLock { $0.storages.isEmpty }
  }
}
