import ApusCore

/// Brings every channel to mean 0 and variance 1, then scales and shifts.
///
/// Training uses the batch's statistics and moves the running ones by `momentum` towards them, the
/// variance as the unbiased estimate; inference uses the running ones. As PyTorch's BatchNorm.
/// Freezing its parameters alone leaves this as it is: the statistics still move, unless they are
/// fixed too (``Module/fixStatistics(_:matching:file:line:)``).
///
/// - Shape: `x[N…, C] → y[N…, C]`; `x[N, C, H, W]` with channels first.
/// - Parameters held: `weight [C]` (ones), `bias [C]` (zeros); buffers `running_mean [C]` (zeros),
///   `running_var [C]` (ones).
/// - Source: Ioffe and Szegedy 2015.
public final class BatchNorm: Layer, CustomStringConvertible {
  public let epsilon: Double
  public let momentum: Double
  public let layout: ImageLayout
  public let weight = Parameter(.ones)
  public let bias = Parameter(.zeros)
  public let runningMean = Buffer(.zeros, name: "running_mean")
  public let runningVariance = Buffer(.ones, name: "running_var")

  public init(
    epsilon: Double = 1e-5, momentum: Double = 0.1, layout: ImageLayout = .channelsLast
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank >= 2, "needs a batch axis and channels, not rank \(x.rank)")
    if layout == .channelsFirst { try requireImages(x) }
    let channels = x[layout == .channelsLast ? -1 : 1]
    if let held = weight.type {
      try require(held[0] == channels, "takes \(held[0]) channels, the input has \(channels)")
    }
    for parameter in [weight, bias] { try parameter.allocate(x.dtype, [channels]) }
    for buffer in [runningMean, runningVariance] { try buffer.allocate(x.dtype, [channels]) }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let input = layout == .channelsLast ? x : layout.toChannelsLast(x)
    guard context.isTraining, !(runningMean.isFixed && runningVariance.isFixed) else {
      let y = input.batchNormalized(
        mean: runningMean.value, variance: runningVariance.value, gamma: weight.value,
        beta: bias.value, epsilon: epsilon, file: at.file, line: at.line)
      return layout == .channelsLast ? y : layout.fromChannelsLast(y)
    }
    let (y, mean, variance) = input.batchNormalized(
      gamma: weight.value, beta: bias.value, epsilon: epsilon, file: at.file, line: at.line)
    let count = Double(input.shape.dims.dropLast().reduce(1, *))
    let unbiased = count > 1 ? variance.stoppingGradient() * (count / (count - 1)) : variance
    context.update(runningMean) { $0 * (1 - momentum) + mean.stoppingGradient() * momentum }
    context.update(runningVariance) { $0 * (1 - momentum) + unbiased * momentum }
    return layout == .channelsLast ? y : layout.fromChannelsLast(y)
  }

  public var description: String {
    "BatchNorm(\(weight.type.map { "\($0[0])" } ?? "?"))"
  }
}
