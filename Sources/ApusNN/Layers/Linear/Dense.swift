import ApusCore

/// A fully connected layer: `y = activation(x · weightᵀ + bias)`.
///
/// - Shape: `x[batch…, in] → y[batch…, units]`.
/// - Parameters held: `weight [units, in]` (Glorot uniform unless given), `bias [units]` (zeros).
public final class Dense: Layer, CustomStringConvertible {
  public let units: Int
  public let activation: Activation
  public let weight: Parameter
  public let bias: Parameter?
  private let inputs: Int?

  /// Creates a layer of `units` outputs.
  ///
  /// - Parameter inputs: The number of inputs, where it is not to be read from the first one.
  public init(
    _ units: Int, inputs: Int? = nil, activation: Activation = .linear, useBias: Bool = true,
    weight: Initializer = .glorotUniform, bias: Initializer = .zeros
  ) {
    self.units = units
    self.inputs = inputs
    self.activation = activation
    self.weight = Parameter(weight)
    self.bias = useBias ? Parameter(bias) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(units > 0, "\(units) units are not a positive number")
    try require(x.rank > 0, "needs an input with a feature axis, not a scalar")
    if weight.type != nil, bias == nil || bias?.type != nil { return }
    try weight.allocate(x.dtype.parameterDType, [units, inputs ?? x[-1]])
    try bias?.allocate(x.dtype.parameterDType, [units])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    if let refusal = featureMismatch(x, at) { return refusal }
    let rows = x.rank == 1 ? x.expanded(at: 0) : x
    var y = matmul(rows, weight.value.matrixTransposed(), file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return activation(x.rank == 1 ? y.squeezed(axes: [0]) : y)
  }

  private func featureMismatch(_ x: Tensor, _ at: CallSite) -> Tensor? {
    guard let w = weight.type, w[1] != x.shape[-1] else { return nil }
    return Tensor(
      error: TensorError(
        operation: "Dense", reason: "takes \(w[1]) features, the input has \(x.shape[-1])",
        operands: [.init(name: "input", type: x.type), .init(name: "weight", type: w)],
        layerPath: LayerScope.current?.path, site: at))
  }

  public var description: String {
    let inputs = weight.type.map { "\($0[1])" } ?? inputs.map { "\($0)" } ?? "?"
    let name = activation == .linear ? "" : ", \(activation)"
    return "Dense(\(inputs) → \(units)\(name)\(bias == nil ? ", no bias" : ""))"
  }
}

extension DType {
  /// The dtype of parameters for inputs of this dtype: integers are counted in float32.
  var parameterDType: DType { isFloating ? self : .float32 }
}

extension CallSite {
  /// Where the layer in progress was called: the place that library layers report.
  static var ofLayer: CallSite {
    LayerScope.current?.site ?? CallSite(file: #fileID, line: #line)
  }
}
