import ApusCore

/// Sets elements to zero at random in training and scales the rest by `1 / (1 - rate)`.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Srivastava et al. 2014, inverted form.
public final class Dropout: Layer, CustomStringConvertible {
  /// The share of elements dropped.
  public let rate: Double

  public init(_ rate: Double = 0.5) { self.rate = rate }

  public func build(for x: TensorType) throws(Violation) { try requireDropping(rate, x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    dropped(x, rate, maskShape: x.shape, context)
  }

  public var description: String { "Dropout(\(rate))" }
}

/// Sets whole channels of samples to zero at random in training and scales the rest by
/// `1 / (1 - rate)`.
///
/// Neighbouring places of a feature map tell much the same, so that dropping single ones takes
/// little away. One class for sequences, images and volumes.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]`, of rank 3 or more; with channels first,
///   `x[N, C, S…] → y[N, C, S…]`.
/// - Source: Tompson et al. 2014, section 3.2.
public final class SpatialDropout: Layer, CustomStringConvertible {
  /// The share of channels dropped.
  public let rate: Double
  public let layout: ImageLayout

  public init(_ rate: Double = 0.5, layout: ImageLayout = .channelsLast) {
    self.rate = rate
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireDropping(rate, x)
    try require(x.rank >= 3, "needs spatial axes, not an input of rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var dims = Array(repeating: 1, count: x.rank)
    let channel = layout.channelAxis(rank: x.rank)
    for axis in [0, channel] { dims[axis] = x.shape[axis] }
    return dropped(x, rate, maskShape: Shape(dims), context)
  }

  public var description: String { "SpatialDropout(\(rate))" }
}

/// Drops a residual branch at random in training and scales it by `1 / (1 - rate)` where it stays.
///
/// The last layer of the branch: `Residual { …; StochasticDepth(0.2) }`. The paper does not scale in
/// training but multiplies by `1 - rate` in inference; the mean is the same.
///
/// - Shape: `x[N, …] → y[N, …]`.
/// - Source: Huang et al. 2016, "Deep networks with stochastic depth", section 3.
public final class StochasticDepth: Layer, CustomStringConvertible {
  /// What is dropped together.
  public enum Mode: String, Sendable { case sample, batch }

  /// The probability that the branch is dropped.
  public let rate: Double
  public let mode: Mode

  public init(_ rate: Double, per mode: Mode = .sample) {
    self.rate = rate
    self.mode = mode
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireDropping(rate, x)
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var dims = Array(repeating: 1, count: x.rank)
    if mode == .sample { dims[0] = x.shape[0] }
    return dropped(x, rate, maskShape: Shape(dims), context)
  }

  public var description: String { "StochasticDepth(\(rate) per \(mode.rawValue))" }
}

/// Refuses what is no share to drop, and what cannot be scaled.
func requireDropping(_ rate: Double, _ x: TensorType) throws(Violation) {
  try require(rate >= 0 && rate < 1, "rate \(rate) is not in 0..<1")
  try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
}

/// Returns, in training, `x` with a share of it zero and the rest scaled to keep the mean.
func dropped(_ x: Tensor, _ rate: Double, maskShape: Shape, _ context: Context) -> Tensor {
  guard context.isTraining, rate > 0 else { return x }
  let kept = context.mask(1 - rate, maskShape)
  return (x * (1 / (1 - rate))).where(kept, else: Tensor(0, like: x))
}

extension Context {
  /// Normal numbers of mean 0 and variance 1, in the type of `x`.
  func normal(like x: Tensor) -> Tensor {
    let at = CallSite.ofLayer
    return .normal(x.shape, dtype: x.dtype, key: nextKey(), file: at.file, line: at.line)
  }

  /// `bool`s that are true with probability `p`.
  func mask(_ p: Double, _ shape: Shape) -> Tensor {
    let at = CallSite.ofLayer
    return .bernoulli(p, shape: shape, key: nextKey(), file: at.file, line: at.line)
  }
}
