import ApusCore

/// A fully connected layer that drops weights, and biases, at random in training:
/// `y = activation(x · (M ∘ weight)ᵀ + m ∘ bias)`, scaled by `1 / (1 - rate)`.
///
/// Each sample has a mask of its own, as in the paper, at the cost of as many copies of the weight;
/// or one mask serves the batch. Inference takes the mean of the weights; the paper draws from a
/// normal approximation there.
///
/// - Shape: `x[batch…, in] → y[batch…, units]`; the first axis counts samples.
/// - Parameters held: `weight [units, in]` (Glorot uniform unless given), `bias [units]` (zeros).
/// - Source: Wan et al. 2013, "Regularization of neural networks using DropConnect", algorithm 1.
public final class DropConnect: Layer, CustomStringConvertible {
  public let units: Int
  /// The share of weights dropped.
  public let rate: Double
  /// Whether each sample has a mask of its own.
  public let isPerSample: Bool
  public let activation: Activation
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    _ units: Int, rate: Double = 0.5, perSample isPerSample: Bool = true,
    activation: Activation = .linear, useBias: Bool = true, weight: Initializer = .glorotUniform
  ) {
    self.units = units
    self.rate = rate
    self.isPerSample = isPerSample
    self.activation = activation
    self.weight = Parameter(weight)
    bias = useBias ? Parameter(.zeros) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireDropping(rate, x)
    try require(units > 0, "\(units) units are not a positive number")
    try require(x.rank >= 2, "needs a batch axis and features, not rank \(x.rank)")
    try weight.allocate(x.dtype, [units, x[-1]])
    try bias?.allocate(x.dtype, [units])
    if let held = weight.type {
      try require(held[1] == x[-1], "takes \(held[1]) features, the input has \(x[-1])")
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    // [S, units, in] and [S, 1, units], with S samples or 1.
    let samples = isPerSample && context.isTraining ? x.shape[0] : 1
    func masked(_ value: Tensor) -> Tensor {
      let copies = value.expanded(at: 0)
      return dropped(copies, rate, maskShape: Shape([samples] + value.shape.dims), context)
    }
    let places = x.shape.dims.dropFirst().dropLast().reduce(1, *)
    let rows =
      samples == 1
      ? x.reshaped(to: [1, x.shape[0] * places, x.shape[-1]])
      : x.reshaped(to: [samples, places, x.shape[-1]])
    var y = matmul(rows, masked(weight.value).matrixTransposed(), file: at.file, line: at.line)
    if let bias { y = y + masked(bias.value).expanded(at: 1) }
    return activation(y.reshaped(to: x.shape.dims.dropLast() + [units]))
  }

  public var description: String {
    let name = activation == .linear ? "" : ", \(activation)"
    return "DropConnect(\(weight.type.map { "\($0[1])" } ?? "?") → \(units), rate \(rate)\(name))"
  }
}
