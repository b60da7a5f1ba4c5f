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
