/// The gradient of a convolution's weight: `x[N, s…, C], dy[N, o…, O] → dw[O, C/G, k…]`.
///
/// - Gradient: `u` flows to `x` as the input gradient of `dy, u`, to `dy` as the convolution of `x, u`.
package struct ConvolutionWeightGradient: Operation {
  package let geometry: ConvolutionGeometry
  package let weight: Shape
  package var name: String { "convolutionWeightGradient" }
  package var attributes: String { "weight: \(weight), \(geometry)" }
  package var operandNames: [String] { ["x", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ geometry: ConvolutionGeometry, weight: Shape) {
    self.geometry = geometry
    self.weight = weight
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let w = operands[0].with(shape: weight)
    let y = try geometry.resultType(operands[0], w)
    try require(operands[1] == y, "dy is \(operands[1]), the convolution gives \(y)")
    return [w]
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    geometry.multiplyAdds(operands[0].shape, weight)
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let u = upstream[0] else { return [nil, nil] }
    let (x, dy) = (call.operands[0], call.operands[1])
    return [
      apply(ConvolutionInputGradient(geometry, input: x.shape), [dy, u]),
      apply(Convolution(geometry), [x, u]),
    ]
  }
}
