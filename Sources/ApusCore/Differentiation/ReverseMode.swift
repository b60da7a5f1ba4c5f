/// Returns the gradients of `outputs`, weighted by `cotangents`, with respect to `sources`.
///
/// The result is ordinary graph: it can be differentiated again, compiled, and run anywhere. `nil`
/// where no gradient flows.
package func vectorJacobianProduct(
  of outputs: [Tensor], cotangents: [Tensor?], withRespectTo sources: [Tensor]
) -> [Tensor?] {
  let sourceNodes = Set(sources.map { ObjectIdentifier($0.node) })
  let order = topologicalOrder(of: outputs) { sourceNodes.contains(ObjectIdentifier($0)) }
  var active = sourceNodes
  for node in order where !sourceNodes.contains(ObjectIdentifier(node)) {
    if node.operands.contains(where: { active.contains(ObjectIdentifier($0.node)) }) {
      active.insert(ObjectIdentifier(node))
    }
  }
  var gradients: [TensorID: Tensor] = [:]
  func accumulate(_ gradient: Tensor, into tensor: Tensor) {
    let id = TensorID(tensor)
    gradients[id] = gradients[id].map { $0 + gradient } ?? gradient
  }
  for (output, cotangent) in zip(outputs, cotangents) {
    if let cotangent, active.contains(ObjectIdentifier(output.node)) {
      accumulate(cotangent, into: output)
    }
  }
  for node in order.reversed() {
    let id = ObjectIdentifier(node)
    guard active.contains(id), !sourceNodes.contains(id) else { continue }
    let results = node.types.indices.map { Tensor(node: node, result: $0) }
    let upstream = results.map { gradients[TensorID($0)] }
    guard upstream.contains(where: { $0 != nil }) else { continue }
    let call = OperationCall(operands: node.operands, results: results)
    let scope = node.layerPath.map { LayerScope(path: $0, site: node.site) }
    // Rules count on the types of their results: a failure goes past them.
    let failed = upstream.lazy.compactMap { $0 }.first { $0.error != nil }
    let parts =
      failed.map { failed in call.operands.map { _ in failed } }
      ?? LayerScope.$current.withValue(scope ?? LayerScope.current) {
        node.operation.gradient(call, upstream: upstream)
      }
    for (operand, part) in zip(call.operands, parts) {
      if let part, active.contains(ObjectIdentifier(operand.node)) {
        accumulate(part, into: operand)
      }
    }
  }
  return sources.map { gradients[TensorID($0)] }
}

extension Composite {
  /// The gradient through the decomposition.
  package func decomposedGradient(
    _ call: OperationCall, upstream: [Tensor?]
  ) -> [Tensor?] {
    // Fresh stand-ins, so that operands used twice, or computed from each other, stay apart.
    let standIns = call.operands.map { Tensor.placeholder($0.type) }
    let outputs = decomposition(standIns)
    let gradients = vectorJacobianProduct(
      of: outputs, cotangents: upstream, withRespectTo: standIns)
    let replaced = substitute(
      standIns, by: call.operands, in: gradients.compactMap { $0 })
    var next = replaced.makeIterator()
    return gradients.map { $0 == nil ? nil : next.next() }
  }
}

/// Returns `tensors` with every use of a placeholder replaced by the tensor beside it.
package func substitute(
  _ placeholders: [Tensor], by values: [Tensor], in tensors: [Tensor]
) -> [Tensor] {
  var replacements: [TensorID: Tensor] = [:]
  for (placeholder, value) in zip(placeholders, values) {
    replacements[TensorID(placeholder)] = value
  }
  let stop = Set(placeholders.map { ObjectIdentifier($0.node) })
  let order = topologicalOrder(of: tensors) { stop.contains(ObjectIdentifier($0)) || !$0.isTraced }
  func replaced(_ tensor: Tensor) -> Tensor { replacements[TensorID(tensor)] ?? tensor }
  // In the order they were recorded, so that copies keep it.
  for node in order.sorted(by: { $0.number < $1.number })
  where node.isTraced && !stop.contains(ObjectIdentifier(node)) {
    let operands = node.operands
    let fresh = operands.map(replaced)
    if zip(operands, fresh).allSatisfy({ $0.isSame(as: $1) }) { continue }
    let copy: [Tensor]
    if let failed = fresh.first(where: { $0.error != nil }) {
      copy = node.types.map { _ in failed }
    } else {
      let scope = node.layerPath.map { LayerScope(path: $0, site: node.site) }
      let made = LayerScope.$current.withValue(scope ?? LayerScope.current) {
        Node(node.operation, operands: fresh, types: node.types, site: node.site)
      }
      copy = node.types.indices.map { Tensor(node: made, result: $0) }
    }
    for (result, tensor) in copy.enumerated() {
      replacements[TensorID(Tensor(node: node, result: result))] = tensor
    }
  }
  return tensors.map(replaced)
}
