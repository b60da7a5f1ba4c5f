import ApusCore

/// Brings the last axes of every sample to mean 0 and variance 1, then scales and shifts.
///
/// - Shape: `x[B…, F…] → y[B…, F…]`, `F…` being the last `axisCount` axes.
/// - Parameters held: `weight [F…]` (ones), `bias [F…]` (zeros).
/// - Source: Ba, Kiros and Hinton 2016.
public final class LayerNorm: Layer, CustomStringConvertible {
  public let axisCount: Int
  public let epsilon: Double
  public let weight = Parameter(.ones)
  public let bias = Parameter(.zeros)

  public init(axisCount: Int = 1, epsilon: Double = 1e-5) {
    self.axisCount = axisCount
    self.epsilon = epsilon
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(
      axisCount > 0 && axisCount <= x.rank, "\(axisCount) axes of an input of rank \(x.rank)")
    let row = Shape(Array(x.dims.suffix(axisCount)))
    for parameter in [weight, bias] { try parameter.allocate(x.dtype, row) }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.layerNormalized(
      axisCount: axisCount, gamma: weight.value, beta: bias.value, epsilon: epsilon,
      file: at.file, line: at.line)
  }

  public var description: String { "LayerNorm(\(weight.type.map { "\($0.shape)" } ?? "?"))" }
}
