import ApusCore

/// The way back through another layer: `y = activation(x · weight + bias)` with the weight of a
/// ``Dense`` and a bias of its own.
///
/// The decoder of an auto-encoder that learns half as many weights:
///
/// ```swift
/// let encoder = Dense(64, activation: .sigmoid)
/// let model = Sequential {
///   encoder
///   TiedDense(encoder, activation: .sigmoid)
/// }
/// ```
/// The weight is counted, trained and saved once, under the path where it stands first.
///
/// - Shape: `x[batch…, units] → y[batch…, in]` for a layer of `in` inputs and `units` outputs.
/// - Parameters held: `weight [units, in]`, the other layer's; `bias [in]` (zeros).
/// - Source: Vincent et al. 2010, "Stacked denoising autoencoders", section 3.1.
public final class TiedDense: Layer, CustomStringConvertible {
  public let activation: Activation
  public let weight: Parameter
  public let bias: Parameter?

  /// Creates a layer that shares the weight of another, which must have seen an input, or known its
  /// number, before this one is called.
  public init(_ layer: Dense, activation: Activation = .linear, useBias: Bool = true) {
    self.activation = activation
    weight = layer.weight
    bias = useBias ? Parameter(.zeros) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    guard let held = weight.type else {
      throw Violation("the layer whose weight this one shares has seen no input yet")
    }
    try require(x.rank > 0, "needs an input with a feature axis, not a scalar")
    try require(held[0] == x[-1], "takes \(held[0]) features, the input has \(x[-1])")
    try bias?.allocate(held.dtype, [held[1]])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let rows = x.rank == 1 ? x.expanded(at: 0) : x
    var y = matmul(rows, weight.value, file: at.file, line: at.line)
    if let bias { y = y + bias.value }
    return activation(x.rank == 1 ? y.squeezed(axes: [0]) : y)
  }

  public var description: String {
    let sizes = weight.type.map { "\($0[0]) → \($0[1])" } ?? "? → ?"
    return "TiedDense(\(sizes)\(activation == .linear ? "" : ", \(activation)"))"
  }
}
