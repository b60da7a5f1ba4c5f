import ApusCore

/// Brings every channel to mean 0 and variance 1 over the batch, then scales and shifts.
///
///     y = weight·(x − mean) / √(variance + epsilon) + bias
///
/// One class for sequences, images and volumes. Training uses the batch's statistics and moves the
/// running ones by `momentum` towards them, the variance as the unbiased estimate; inference uses
/// the running ones. As PyTorch's BatchNorm1d, 2d and 3d. Freezing its parameters alone leaves this as
/// it is: the statistics still move, unless they are fixed too
/// (``Module/fixStatistics(_:matching:file:line:)``); then training uses them as inference does.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]`; with channels first, `x[N, C, S…] → y[N, C, S…]`. `S…` are
///   no, one, two or more axes.
/// - Parameters held: `weight [C]` (ones), `bias [C]` (zeros), none of them without `affine`;
///   buffers, where running statistics are tracked: `running_mean [C]` (zeros),
///   `running_var [C]` (ones), `num_batches_tracked []` (`int64`).
/// - Source: Ioffe and Szegedy 2015.
public final class BatchNorm: Layer, CustomStringConvertible {
  public let epsilon: Double
  public let momentum: Double?
  public let layout: ImageLayout
  public let weight: Parameter?
  public let bias: Parameter?
  public let runningMean: Buffer?
  public let runningVariance: Buffer?
  public let batchCount: Buffer?

  /// Creates a batch norm.
  ///
  /// - Parameters:
  ///   - momentum: The share of a new batch in the running statistics; `nil` averages all batches.
  ///   - affine: Whether to scale and shift by learned parameters.
  ///   - tracksRunningStatistics: Whether to keep running statistics; without them, inference uses
  ///     the batch's too.
  public init(
    epsilon: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    tracksRunningStatistics: Bool = true, layout: ImageLayout = .channelsLast
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.layout = layout
    weight = affine ? Parameter(.ones, keepsPrecision: true) : nil
    bias = affine ? Parameter(.zeros, keepsPrecision: true) : nil
    let tracks = tracksRunningStatistics
    runningMean = tracks ? Buffer(.zeros, name: "running_mean", keepsPrecision: true) : nil
    runningVariance = tracks ? Buffer(.ones, name: "running_var", keepsPrecision: true) : nil
    batchCount = tracks ? Buffer(.zeros, name: "num_batches_tracked", dtype: .int64) : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireMomentum(momentum)
    let channels = try requireChannels(x, layout, held: weight?.type ?? runningMean?.type)
    for parameter in [weight, bias] { try parameter?.allocate(x.dtype, [channels]) }
    for buffer in [runningMean, runningVariance] { try buffer?.allocate(x.dtype, [channels]) }
    try batchCount?.allocate(.int64, [])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return layout.withChannelsLast(x) { x in
      let isFixed = runningMean?.isFixed == true && runningVariance?.isFixed == true
      if !context.isTraining || isFixed, let runningMean, let runningVariance {
        return x.batchNormalized(
          mean: runningMean.value, variance: runningVariance.value, gamma: weight?.value,
          beta: bias?.value, epsilon: epsilon, file: at.file, line: at.line)
      }
      let (y, mean, variance) = x.batchNormalized(
        gamma: weight?.value, beta: bias?.value, epsilon: epsilon, file: at.file, line: at.line)
      if context.isTraining, let runningMean, let runningVariance, let batchCount {
        let count = x.shape.dims.dropLast().reduce(1, *)
        context.track(
          mean, unbiased(variance, count: count), in: (runningMean, runningVariance, batchCount),
          momentum: momentum)
      }
      return y
    }
  }

  public var description: String {
    "BatchNorm(\((weight?.type ?? runningMean?.type).map { "\($0[0])" } ?? "?"))"
  }
}
