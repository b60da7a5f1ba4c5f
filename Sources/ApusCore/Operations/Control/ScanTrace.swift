/// One step of a loop, traced on placeholders, about to become a ``Scan``.
struct ScanTrace {
  typealias Binding = (placeholder: Tensor, value: Tensor)

  /// What the body sees, with the operand that supplies it.
  var carries: [Binding]
  var sequences: [Binding]
  var invariants: [Binding]
  var newCarries: [Tensor]
  var y: [Tensor]
  var length: Int
  var isReversed: Bool

  /// Records the loop; gives the results of ``Scan`` or failed tensors.
  func recorded(at site: CallSite?) -> [Tensor] {
    var bindings = carries + sequences + invariants
    bindings += outerTensors(given: bindings.map(\.placeholder)).map { ($0, $0) }
    let count = 2 * carries.count + y.count
    do throws(TensorError) {
      let captured = try Graph.capture(newCarries + y, inputs: bindings.map(\.placeholder))
      // Values the capture found beyond those given are operands like the others.
      bindings += captured.leaves[bindings.count...].map { ($0, $0) }
      let operation = Scan(
        body: captured.graph, carryCount: carries.count, sequenceCount: sequences.count,
        invariantCount: bindings.count - carries.count - sequences.count, yCount: y.count,
        length: length, isReversed: isReversed)
      return record(operation, bindings.map(\.value), results: count, at: site)
    } catch {
      return Array(repeating: Tensor(error: error), count: count)
    }
  }

  /// The tensors the body uses that do not depend on what it is given.
  ///
  /// Numbers and coordinates are not among them: they cost less computed in place than passed.
  private func outerTensors(given placeholders: [Tensor]) -> [Tensor] {
    let given = Set(placeholders.map { ObjectIdentifier($0.node) })
    let roots = newCarries + y
    let order = topologicalOrder(of: roots) {
      given.contains(ObjectIdentifier($0)) || !$0.isTraced
    }
    var inside = given
    for node in order
    where node.operands.contains(where: { inside.contains(ObjectIdentifier($0.node)) }) {
      inside.insert(ObjectIdentifier(node))
    }
    return borderTensors(of: roots) { inside.contains(ObjectIdentifier($0)) || $0.isNumber }
  }
}
