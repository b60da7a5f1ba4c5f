/// Returns the nodes that the roots are computed from, operands before users, without recursion.
///
/// Stops at nodes for which `isLeaf` holds; those are included.
package func topologicalOrder(
  of roots: [Tensor], until isLeaf: (Node) -> Bool
) -> [Node] {
  var order: [Node] = []
  var visited: Set<ObjectIdentifier> = []
  var stack: [(node: Node, operands: [Tensor], next: Int)] = []

  func enter(_ node: Node) {
    guard visited.insert(ObjectIdentifier(node)).inserted else { return }
    stack.append((node, isLeaf(node) ? [] : node.operands, 0))
  }
  for root in roots {
    enter(root.node)
    while let top = stack.last {
      if top.next < top.operands.count {
        stack[stack.count - 1].next += 1
        enter(top.operands[top.next].node)
      } else {
        order.append(top.node)
        stack.removeLast()
      }
    }
  }
  return order
}

/// Returns the tensors that a part of the graph uses but that lie outside it, each once.
///
/// - Parameter isInside: Whether a node belongs to the part; nodes beyond the first outside are not
///   looked at.
package func borderTensors(of roots: [Tensor], isInside: (Node) -> Bool) -> [Tensor] {
  var found: [Tensor] = []
  var seen: Set<TensorID> = []
  func consider(_ tensor: Tensor) {
    if !isInside(tensor.node), seen.insert(TensorID(tensor)).inserted { found.append(tensor) }
  }
  for node in topologicalOrder(of: roots, until: { !isInside($0) }) where isInside(node) {
    node.operands.forEach(consider)
  }
  roots.forEach(consider)
  return found
}

extension Node {
  /// Whether the node computes its values from nothing and has not been evaluated.
  var isNumber: Bool { (operation is Constant || operation is Iota) && storage(of: 0) == nil }
}
