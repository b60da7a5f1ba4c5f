/// Brings groups of channels of every sample to mean 0 and variance 1, then scales and shifts:
/// `x[N, S…, C], gamma[C], beta[C] → y[N, S…, C], mean[N, G], variance[N, G]`.
///
///     y = gamma·(x − mean) / √(variance + ε) + beta
///
/// Mean and variance are over `S…` and the `C/G` channels of the group; the variance divides by the
/// count. With as many groups as channels, the instance norm.
/// - Gradient: by ``GroupNormGradient``; of the decomposition where mean or variance are used
///   otherwise.
/// - Source: Wu and He 2018, section 3.1.
package struct GroupNorm: Composite {
  package let groups: Int
  package let epsilon: Double
  package var name: String { "groupNorm" }
  package var attributes: String { "groups: \(groups), epsilon: \(epsilon)" }
  package var operandNames: [String] { ["x", "gamma", "beta"] }
  package var cpu: CPUKernel { .decomposition }

  package init(groups: Int, epsilon: Double) {
    self.groups = groups
    self.epsilon = epsilon
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try checkInput(x)
    let channels = x.with(shape: [x[-1]])
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
    try require(
      groups > 0 && x[-1] % groups == 0, "\(groups) groups do not divide \(x[-1]) channels")
    try require(
      !x.dims.dropFirst().contains(0), "\(x.shape) has samples without elements")
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let form = GroupedForm(operands[0].shape, groups: groups)
    let x = operands[0].reshaped(to: form.input)
    let mean = x.mean(axes: form.axes, keepingAxes: true)
    let centered = x - mean
    let variance = centered.square().mean(axes: form.axes, keepingAxes: true)
    let scale = operands[1].reshaped(to: form.channels) * (variance + epsilon).rsqrt()
    let y = centered * scale + operands[2].reshaped(to: form.channels)
    return [
      y.reshaped(to: operands[0].shape), mean.reshaped(to: form.moments),
      variance.reshaped(to: form.moments),
    ]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0], upstream[1] == nil, upstream[2] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let operands = [call.operands[0], call.operands[1], call.results[1], call.results[2], dy]
    return record(GroupNormGradient(groups: groups, epsilon: epsilon), operands, results: 3)
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
  package var name: String { "groupNormGradient" }
  package var attributes: String { "groups: \(groups), epsilon: \(epsilon)" }
  package var operandNames: [String] { ["x", "gamma", "mean", "variance", "dy"] }
  package var cpu: CPUKernel { .decomposition }

  package init(groups: Int, epsilon: Double) {
    self.groups = groups
    self.epsilon = epsilon
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, gamma) = (operands[0], operands[1])
    let expected = try GroupNorm(groups: groups, epsilon: epsilon).resultTypes([x, gamma, gamma])
    try require(
      operands[2] == expected[1] && operands[3] == expected[1],
      "mean and variance must be \(expected[1]), not \(operands[2]) and \(operands[3])")
    try require(operands[4] == x, "dy must be \(x), not \(operands[4])")
    return [x, gamma, gamma]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let form = GroupedForm(operands[0].shape, groups: groups)
    let (x, dy) = (operands[0].reshaped(to: form.input), operands[4].reshaped(to: form.input))
    let gamma = operands[1].reshaped(to: form.channels)
    let mean = operands[2].reshaped(to: form.column)
    let rstd = (operands[3].reshaped(to: form.column) + epsilon).rsqrt()
    // Sums per sample and channel give both the parameters' gradients and the group's means.
    let sum = dy.sum(axes: [1], keepingAxes: true)
    let along = (dy * (x - mean)).sum(axes: [1], keepingAxes: true) * rstd
    let share = 1 / Double(form.input[1] * form.input[3])
    let level = (sum * gamma).sum(axes: [3], keepingAxes: true) * share
    let slope = (along * gamma).sum(axes: [3], keepingAxes: true) * share
    let dx = rstd * (dy * gamma - level - (x - mean) * (rstd * slope))
    let channels = operands[1].shape
    return [
      dx.reshaped(to: operands[0].shape), along.sum(axes: [0, 1]).reshaped(to: channels),
      sum.sum(axes: [0, 1]).reshaped(to: channels),
    ]
  }
}

/// The shapes that a group norm computes in.
private struct GroupedForm {
  /// `[N, S, G, C/G]`
  let input: Shape
  /// `[1, 1, G, C/G]`
  let channels: Shape
  /// `[N, 1, G, 1]`
  let column: Shape
  /// `[N, G]`
  let moments: Shape
  /// The axes that means go over.
  let axes = [1, 3]

  init(_ x: Shape, groups: Int) {
    let places = x.dims.dropFirst().dropLast().reduce(1, *)
    let size = x[-1] / max(groups, 1)
    input = [x[0], places, groups, size]
    channels = [1, 1, groups, size]
    column = [x[0], 1, groups, 1]
    moments = [x[0], groups]
  }
}

extension Tensor {
  /// Returns the tensor with each group of channels of each sample brought to mean 0 and variance 1,
  /// scaled and shifted; and the mean and variance used.
  ///
  ///     y = gamma·(x − mean) / √(variance + epsilon) + beta
  /// - Shape: `x[N, S…, C], gamma[C], beta[C] → y[N, S…, C], mean[N, G], variance[N, G]`; the variance
  ///   divides by the count. `G` groups of `C/G` neighbouring channels.
  /// - Source: Wu and He 2018, "Group Normalization".
  public func groupNormalized(
    groups: Int, gamma: Tensor? = nil, beta: Tensor? = nil, epsilon: Double = 1e-5,
    file: String = #fileID, line: Int = #line
  ) -> (result: Tensor, mean: Tensor, variance: Tensor) {
    let site = CallSite(file: file, line: line)
    let channels = Shape([shape[-1]])
    let scale = gamma ?? Tensor.ones(channels, dtype: dtype)
    let shift = beta ?? Tensor.zeros(channels, dtype: dtype)
    let results = record(
      GroupNorm(groups: groups, epsilon: epsilon), [self, scale, shift], results: 3, at: site)
    return (results[0], results[1], results[2])
  }
}
