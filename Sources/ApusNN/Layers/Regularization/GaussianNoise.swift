import ApusCore

/// Adds normal noise of mean 0 in training: `y = x + deviation · ε`.
///
/// Before the first layer of an auto-encoder it makes the denoising auto-encoder; a ``Dropout`` in
/// the same place corrupts by masking instead.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Bishop 1995, "Training with noise"; Vincent et al. 2010, section 3.3.
public final class GaussianNoise: Layer, CustomStringConvertible {
  public let deviation: Double

  public init(_ deviation: Double) { self.deviation = deviation }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      deviation >= 0 && deviation.isFinite, "deviation \(deviation) is not a finite number from 0")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, deviation > 0 else { return x }
    return x + deviation * context.normal(like: x)
  }

  public var description: String { "GaussianNoise(\(deviation))" }
}

/// Multiplies by normal noise of mean 1 in training: `y = x · (1 + √(rate / (1 − rate)) · ε)`.
///
/// The noise has mean and variance of the dropout of that rate.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Srivastava et al. 2014, section 10.
public final class GaussianDropout: Layer, CustomStringConvertible {
  public let rate: Double

  public init(_ rate: Double = 0.5) { self.rate = rate }

  public func build(for x: TensorType) throws(Violation) { try requireDropping(rate, x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, rate > 0 else { return x }
    let deviation = (rate / (1 - rate)).squareRoot()
    return x
      * (1 + deviation * context.normal(like: x))
  }

  public var description: String { "GaussianDropout(\(rate))" }
}
