/// Repeats elements along axes of extent 1 and along new leading axes, by NumPy's rule.
///
/// - Gradient: the sum over the repeated axes.
/// - Source: StableHLO specification, `broadcast_in_dim`.
package struct Broadcast: Operation {
  package let shape: Shape
  package init(shape: Shape) { self.shape = shape }
  package var name: String { "broadcast" }
  package var attributes: String { "\(shape)" }
  package var cpu: CPUKernel { .view }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(shape.dims.allSatisfy { $0 >= 0 }, "shape \(shape) has a negative extent")
    let common = try x.shape.broadcast(with: shape)
    try require(common == shape, "\(x.shape) does not broadcast to \(shape)")
    return [x.with(shape: shape)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0]?.summed(to: call.operands[0].shape)]
  }
}

extension Tensor {
  /// Returns the tensor repeated to a larger shape.
  public func broadcast(
    to shape: Shape, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if error != nil || shape == self.shape { return self }
    if node.storage(of: result) == nil, let constant = node.operation as? Constant,
      let common = try? self.shape.broadcast(with: shape), common == shape
    {
      return apply(
        Constant(constant.value, type.with(shape: shape)), [], at: CallSite(file: file, line: line))
    }
    return apply(Broadcast(shape: shape), [self], at: CallSite(file: file, line: line))
  }

  /// Returns the sum over the axes that broadcasting `shape` to `self.shape` repeats.
  package func summed(to shape: Shape) -> Tensor {
    if error != nil || shape == self.shape { return self }
    let extra = rank - shape.rank
    let axes = (0..<rank).filter { $0 < extra || shape.dims[$0 - extra] != self.shape.dims[$0] }
    return sum(axes: axes, keepingAxes: true).reshaped(to: shape)
  }
}
