import ApusCore

/// A weight and a bias as parts of a layer that computes with several: `y = x · weightᵀ + bias`.
///
/// A stored property of this type adds its own name to the paths of the two.
struct Affine: Sendable {
  let weight: Parameter
  let bias: Parameter?

  init(
    _ weight: Initializer = .glorotUniform, bias: Initializer = .zeros, useBias: Bool = true
  ) {
    self.weight = Parameter(weight)
    self.bias = useBias ? Parameter(bias) : nil
  }

  /// Sets the shapes for `inputs` features, which must be as many as before.
  func allocate(_ dtype: DType, outputs: Int, inputs: Int) throws(Violation) {
    try require(outputs > 0, "\(outputs) outputs are not a positive number")
    try weight.allocate(dtype.parameterDType, [outputs, inputs])
    try bias?.allocate(dtype.parameterDType, [outputs])
    guard let held = weight.type else { return }
    try require(
      held.shape == [outputs, inputs],
      "takes \(held[1]) features, the input has \(inputs)")
  }

  func callAsFunction(_ x: Tensor, _ at: CallSite) -> Tensor {
    let rows = x.rank == 1 ? x.expanded(at: 0) : x
    var y = matmul(rows, weight.value.matrixTransposed(), file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return x.rank == 1 ? y.squeezed(axes: [0]) : y
  }
}

extension Module {
  /// A failed tensor of a mistake that this module's call finds.
  func refusal(_ reason: String, _ inputs: [(String, Tensor)], _ at: CallSite) -> Tensor {
    Tensor(
      error: TensorError(
        operation: "\(Self.self)", reason: reason,
        operands: inputs.map { .init(name: $0.0, type: $0.1.type) },
        layerPath: LayerScope.current?.path, site: at))
  }
}
