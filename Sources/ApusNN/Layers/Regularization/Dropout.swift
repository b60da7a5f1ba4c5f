import ApusCore

/// Sets elements to zero at random in training and scales the rest by `1 / (1 - rate)`.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Srivastava et al. 2014, inverted form.
public final class Dropout: Layer, CustomStringConvertible {
  /// The share of elements dropped.
  public let rate: Double

  public init(_ rate: Double = 0.5) { self.rate = rate }

  public func build(for x: TensorType) throws(Violation) {
    try require(rate >= 0 && rate < 1, "rate \(rate) is not in 0..<1")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, rate > 0 else { return x }
    let kept = Tensor.bernoulli(1 - rate, shape: x.shape, key: context.nextKey())
    return (x * (1 / (1 - rate))).where(kept, else: Tensor(0, like: x))
  }

  public var description: String { "Dropout(\(rate))" }
}
