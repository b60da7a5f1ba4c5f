/// Brings groups of channels of every sample to mean 0 and variance 1, then scales and shifts:
/// `x[N, S…, C], gamma[C], beta[C] → y[N, S…, C], mean[N, G], variance[N, G]`; or `x[N, C, S…]`.
///
///     y = gamma·(x − mean) / √(variance + ε) + beta
///
/// Mean and variance are over `S…` and the `C/G` channels of the group; the variance divides by the
/// count. Sums go over each channel first, whose elements lie apart or together as the executor likes
/// best, and then over the few channels of a group. With as many groups as channels, the instance norm.
/// - Gradient: by ``GroupNormGradient``; of the decomposition where mean or variance are used
///   otherwise.
/// - Source: Wu and He 2018, section 3.1.
package struct GroupNorm: Composite {
  package let groups: Int
  package let epsilon: Double
  package let isChannelsFirst: Bool
  package var name: String { "groupNorm" }
  package var attributes: String {
    "groups: \(groups), epsilon: \(epsilon)\(isChannelsFirst ? ", channels first" : "")"
  }
  package var operandNames: [String] { ["x", "gamma", "beta"] }
  package var cpu: CPUKernel { .kernel }

  package init(groups: Int, epsilon: Double, isChannelsFirst: Bool) {
    self.groups = groups
    self.epsilon = epsilon
    self.isChannelsFirst = isChannelsFirst
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try checkInput(x)
    let channels = x.with(shape: [x[isChannelsFirst ? 1 : -1]])
    for (name, type) in zip(["gamma", "beta"], operands.dropFirst()) {
      try require(type == channels, "\(name) must be \(channels), not \(type)")
    }
    let moments = x.with(shape: [x[0], groups])
    return [x, moments, moments]
  }

  func checkInput(_ x: TensorType) throws(Violation) {
    try requireEpsilon(epsilon)
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank >= 2, "needs x[N, S…, C] of rank 2 or more: the rank is \(x.rank)")
    let channels = x[isChannelsFirst ? 1 : -1]
    try require(
      groups > 0 && channels % groups == 0, "\(groups) groups do not divide \(channels) channels")
    try require(
      !x.dims.dropFirst().contains(0), "\(x.shape) has samples without elements")
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let form = GroupedForm(operands[0].shape, groups, isChannelsFirst)
    let x = operands[0].reshaped(to: form.input)
    let mean = form.joined(x) * form.share
    let centered = x - form.spread(mean)
    let variance = form.joined(centered.square()) * form.share
    let scale = form.spread((variance + epsilon).rsqrt()) * operands[1].reshaped(to: form.channels)
    let y = centered * scale + operands[2].reshaped(to: form.channels)
    return [y.reshaped(to: operands[0].shape), mean, variance]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0], upstream[1] == nil, upstream[2] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let operands = [call.operands[0], call.operands[1], call.results[1], call.results[2], dy]
    let gradient = GroupNormGradient(
      groups: groups, epsilon: epsilon, isChannelsFirst: isChannelsFirst)
    return record(gradient, operands, results: 3)
  }
}

/// The gradient of a group norm:
/// `x[N, S…, C], gamma[C], mean[N, G], variance[N, G], dy[N, S…, C] → dx, dgamma, dbeta`.
///
///     x̂ = (x − mean)·rstd,  g = dy·gamma
///     dx = rstd·(g − mean(g) − x̂·mean(g·x̂)),  dgamma = Σ dy·x̂,  dbeta = Σ dy
package struct GroupNormGradient: Composite {
  package let groups: Int
  package let epsilon: Double
  package let isChannelsFirst: Bool
  package var name: String { "groupNormGradient" }
  package var attributes: String {
    "groups: \(groups), epsilon: \(epsilon)\(isChannelsFirst ? ", channels first" : "")"
  }
  package var operandNames: [String] { ["x", "gamma", "mean", "variance", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(groups: Int, epsilon: Double, isChannelsFirst: Bool) {
    self.groups = groups
    self.epsilon = epsilon
    self.isChannelsFirst = isChannelsFirst
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, gamma) = (operands[0], operands[1])
    let forward = GroupNorm(groups: groups, epsilon: epsilon, isChannelsFirst: isChannelsFirst)
    let expected = try forward.resultTypes([x, gamma, gamma])
    try require(
      operands[2] == expected[1] && operands[3] == expected[1],
      "mean and variance must be \(expected[1]), not \(operands[2]) and \(operands[3])")
    try require(operands[4] == x, "dy must be \(x), not \(operands[4])")
    return [x, gamma, gamma]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let form = GroupedForm(operands[0].shape, groups, isChannelsFirst)
    let (x, dy) = (operands[0].reshaped(to: form.input), operands[4].reshaped(to: form.input))
    let gamma = operands[1].reshaped(to: form.channels)
    let centered = x - form.spread(operands[2])
    let rstd = form.spread((operands[3] + epsilon).rsqrt())
    // Sums per sample and channel give both the parameters' gradients and the groups' means.
    let sum = dy.sum(axes: form.places, keepingAxes: true)
    let along = (dy * centered).sum(axes: form.places, keepingAxes: true) * rstd
    let level = form.spread(form.joined(sum * gamma) * form.share)
    let slope = form.spread(form.joined(along * gamma) * form.share)
    let dx = dy * (rstd * gamma) - centered * (rstd * rstd * slope) - rstd * level
    let channels = operands[1].shape
    return [
      dx.reshaped(to: operands[0].shape), along.sum(axes: [0]).reshaped(to: channels),
      sum.sum(axes: [0]).reshaped(to: channels),
    ]
  }
}

/// The shapes that a group norm computes in: `x[N, A, C, B]`, where `A` or `B` are the places.
private struct GroupedForm {
  let input: Shape
  let channels: Shape
  let groups: Int
  let size: Int
  /// One over the elements of a group.
  let share: Double
  /// The axes of places.
  let places = [1, 3]

  init(_ x: Shape, _ groups: Int, _ isChannelsFirst: Bool) {
    let count = x[isChannelsFirst ? 1 : -1]
    let rest = x.dims.dropFirst(isChannelsFirst ? 2 : 1).dropLast(isChannelsFirst ? 0 : 1)
    let places = rest.reduce(1, *)
    self.groups = groups
    size = count / max(groups, 1)
    input = isChannelsFirst ? [x[0], 1, count, places] : [x[0], places, count, 1]
    channels = [1, 1, count, 1]
    share = 1 / Double(places * size)
  }

  /// The sums of each group: `x[N, A, C, B] → [N, G]`.
  func joined(_ x: Tensor) -> Tensor {
    let sums = x.sum(axes: places, keepingAxes: true)
    return sums.reshaped(to: Shape([input[0], groups, size])).sum(axes: [2])
  }

  /// A number of each group for each of its channels: `[N, G] → [N, 1, C, 1]`.
  func spread(_ x: Tensor) -> Tensor {
    x.expanded(at: 2).broadcast(to: [input[0], groups, size])
      .reshaped(to: Shape([input[0], 1, input[2], 1]))
  }
}

extension Tensor {
  /// Returns the tensor with each group of channels of each sample brought to mean 0 and variance 1,
  /// scaled and shifted; and the mean and variance used.
  ///
  ///     y = gamma·(x − mean) / √(variance + epsilon) + beta
  /// - Shape: `x[N, S…, C], gamma[C], beta[C] → y[N, S…, C], mean[N, G], variance[N, G]`, or
  ///   `x[N, C, S…]` with channels first; the variance divides by the count. `G` groups of `C/G` neighbouring channels.
  /// - Source: Wu and He 2018, "Group Normalization".
  public func groupNormalized(
    groups: Int, gamma: Tensor? = nil, beta: Tensor? = nil, epsilon: Double = 1e-5,
    channelsFirst isChannelsFirst: Bool = false, file: String = #fileID, line: Int = #line
  ) -> (result: Tensor, mean: Tensor, variance: Tensor) {
    let site = CallSite(file: file, line: line)
    let channels = Shape([shape[isChannelsFirst ? 1 : -1]])
    let scale = gamma ?? Tensor.ones(channels, dtype: dtype)
    let shift = beta ?? Tensor.zeros(channels, dtype: dtype)
    let results = record(
      GroupNorm(groups: groups, epsilon: epsilon, isChannelsFirst: isChannelsFirst),
      [self, scale, shift], results: 3, at: site)
    return (results[0], results[1], results[2])
  }
}
