import ApusCore

/// Brings every channel of every sample to mean 0 and variance 1 over its spatial axes.
///
///     y = weight·(x − mean) / √(variance + epsilon) + bias
///
/// One class for sequences, images and volumes, as PyTorch's InstanceNorm1d, 2d and 3d: neither
/// scale and shift nor running statistics unless asked for. With running statistics, training moves
/// them towards the mean over the batch of the samples' means and unbiased variances, and inference
/// uses them in place of the sample's.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]` with at least one spatial axis; with channels first,
///   `x[N, C, S…] → y[N, C, S…]`.
/// - Parameters held: with `affine`, `weight [C]` (ones), `bias [C]` (zeros); buffers, where running
///   statistics are tracked: `running_mean [C]` (zeros), `running_var [C]` (ones),
///   `num_batches_tracked []` (`int64`).
/// - Source: Ulyanov, Vedaldi and Lempitsky 2016.
public final class InstanceNorm: Layer, CustomStringConvertible {
  public let epsilon: Double
  public let momentum: Double?
  public let layout: ImageLayout
  public let weight: Parameter?
  public let bias: Parameter?
  public let runningMean: Buffer?
  public let runningVariance: Buffer?
  public let batchCount: Buffer?

  /// Creates an instance norm.
  ///
  /// - Parameter momentum: The share of a new batch in the running statistics; `nil` averages all
  ///   batches.
  public init(
    epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    tracksRunningStatistics: Bool = false, layout: ImageLayout = .channelsLast
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.layout = layout
    weight = affine ? Parameter(.ones) : nil
    bias = affine ? Parameter(.zeros) : nil
    let tracks = tracksRunningStatistics
    runningMean = tracks ? Buffer(.zeros, name: "running_mean") : nil
    runningVariance = tracks ? Buffer(.ones, name: "running_var") : nil
    batchCount = tracks ? Buffer(.zeros, name: "num_batches_tracked", dtype: .int64) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireMomentum(momentum)
    let channels = try requireChannels(x, layout, held: weight?.type ?? runningMean?.type)
    try require(x.rank >= 3, "needs spatial axes, not an input of rank \(x.rank)")
    try require(channels > 0, "needs channels, the input \(x.shape) has none")
    for parameter in [weight, bias] { try parameter?.allocate(x.dtype, [channels]) }
    for buffer in [runningMean, runningVariance] { try buffer?.allocate(x.dtype, [channels]) }
    try batchCount?.allocate(.int64, [])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    if !context.isTraining, let runningMean, let runningVariance {
      return layout.withChannelsLast(x) { x in
        x.batchNormalized(
          mean: runningMean.value, variance: runningVariance.value, gamma: weight?.value,
          beta: bias?.value, epsilon: epsilon, file: at.file, line: at.line)
      }
    }
    let channel = layout.channelAxis(rank: x.rank)
    let places = (1..<x.rank).reduce(1) { $1 == channel ? $0 : $0 * x.shape[$1] }
    guard places > 1 else {
      return refusal(
        "needs more than one place in each channel to take a variance of", [("input", x)], at)
    }
    let (y, mean, variance) = x.groupNormalized(
      groups: x.shape[channel], gamma: weight?.value, beta: bias?.value, epsilon: epsilon,
      channelsFirst: layout == .channelsFirst, file: at.file, line: at.line)
    if context.isTraining, let runningMean, let runningVariance, let batchCount {
      let spread = unbiased(variance, count: places).mean(axes: [0])
      context.track(
        mean.mean(axes: [0]), spread, in: (runningMean, runningVariance, batchCount),
        momentum: momentum)
    }
    return y
  }

  public var description: String {
    "InstanceNorm(\((weight?.type ?? runningMean?.type).map { "\($0[0])" } ?? "?"))"
  }
}
