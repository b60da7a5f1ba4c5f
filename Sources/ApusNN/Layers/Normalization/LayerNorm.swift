import ApusCore

/// Brings the last axes of every sample to mean 0 and variance 1, then scales and shifts.
///
///     y = weight·(x − mean) / √(variance + epsilon) + bias
///
/// - Shape: `x[B…, F…] → y[B…, F…]`, `F…` being the last `axisCount` axes.
/// - Parameters held: `weight [F…]` (ones), `bias [F…]` (zeros); without `affine` none, without
///   `useBias` no bias.
/// - Source: Ba, Kiros and Hinton 2016.
public final class LayerNorm: Layer, CustomStringConvertible {
  public let axisCount: Int
  public let epsilon: Double
  public let weight: Parameter?
  public let bias: Parameter?

  public init(
    axisCount: Int = 1, epsilon: Double = 1e-5, affine: Bool = true, useBias: Bool = true
  ) {
    self.axisCount = axisCount
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones) : nil
    bias = affine && useBias ? Parameter(.zeros) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try allocateRows(x, axisCount, [weight, bias])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.layerNormalized(
      axisCount: axisCount, gamma: weight?.value, beta: bias?.value, epsilon: epsilon,
      file: at.file, line: at.line)
  }

  public var description: String { "LayerNorm(\(weight?.type.map { "\($0.shape)" } ?? "?"))" }
}

/// Divides the last axes of every sample by the root of their mean square, then scales.
///
///     y = weight·x / √(mean(x²) + epsilon)
///
/// - Shape: `x[B…, F…] → y[B…, F…]`, `F…` being the last `axisCount` axes.
/// - Parameters held: `weight [F…]` (ones); none without `affine`.
/// - Source: Zhang and Sennrich 2019.
public final class RMSNorm: Layer, CustomStringConvertible {
  public let axisCount: Int
  public let epsilon: Double
  public let weight: Parameter?

  public init(axisCount: Int = 1, epsilon: Double = 1e-5, affine: Bool = true) {
    self.axisCount = axisCount
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try allocateRows(x, axisCount, [weight])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.rmsNormalized(
      axisCount: axisCount, gamma: weight?.value, epsilon: epsilon, file: at.file, line: at.line)
  }

  public var description: String { "RMSNorm(\(weight?.type.map { "\($0.shape)" } ?? "?"))" }
}

/// Gives parameters the shape of the last axes of `x`.
private func allocateRows(
  _ x: TensorType, _ axisCount: Int, _ parameters: [Parameter?]
) throws(Violation) {
  try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  try require(
    axisCount > 0 && axisCount <= x.rank, "\(axisCount) axes of an input of rank \(x.rank)")
  let row = Shape(Array(x.dims.suffix(axisCount)))
  for case let parameter? in parameters {
    try parameter.allocate(x.dtype, row)
    if let held = parameter.type?.shape {
      try require(held == row, "takes rows \(held), those of the input are \(row)")
    }
  }
}
