/// Brings every row to mean 0 and variance 1, then scales and shifts:
/// `x[B…, F…], gamma[F…], beta[F…] → y[B…, F…], mean[B…], rstd[B…]`.
///
///     y = gamma·(x − mean)·rstd + beta,   rstd = 1 / √(variance + ε)
///
/// Without centring, the norm by the root of the mean square: `mean` is 0 and `variance` the mean of
/// the squares.
/// - Gradient: by ``LayerNormGradient``; of the decomposition where mean or rstd are used otherwise.
/// - Source: Ba, Kiros and Hinton 2016; uncentred, Zhang and Sennrich 2019.
package struct LayerNorm: Composite {
  /// How many axes, counted from the last, make up a row.
  package let axisCount: Int
  package let epsilon: Double
  /// Whether the mean is taken away.
  package let isCentered: Bool
  package var name: String { isCentered ? "layerNorm" : "rmsNorm" }
  package var attributes: String { "axisCount: \(axisCount), epsilon: \(epsilon)" }
  package var operandNames: [String] { ["x", "gamma", "beta"] }
  package var cpu: CPUKernel { .kernel }

  package init(axisCount: Int, epsilon: Double, isCentered: Bool = true) {
    self.axisCount = axisCount
    self.epsilon = epsilon
    self.isCentered = isCentered
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try checkRows(x)
    let row = x.with(shape: Shape(Array(x.dims.suffix(axisCount))))
    for (name, type) in zip(["gamma", "beta"], operands.dropFirst()) {
      try require(type == row, "\(name) must be \(row), not \(type)")
    }
    let rows = x.with(shape: Shape(Array(x.dims.dropLast(axisCount))))
    return [x, rows, rows]
  }

  func checkRows(_ x: TensorType) throws(Violation) {
    try requireEpsilon(epsilon)
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(
      axisCount > 0 && axisCount <= x.rank, "axisCount \(axisCount) is outside 1...\(x.rank)")
    try require(!x.dims.suffix(axisCount).contains(0), "the rows of \(x.shape) are empty")
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (x, gamma, beta) = (operands[0], operands[1], operands[2])
    let axes = Array((x.rank - axisCount)..<x.rank)
    let mean = isCentered ? x.mean(axes: axes, keepingAxes: true) : nil
    let centered = mean.map { x - $0 } ?? x
    let variance = centered.square().mean(axes: axes, keepingAxes: true)
    let rstd = (variance + epsilon).rsqrt()
    let y = centered * rstd * gamma + beta
    let rows = Shape(Array(x.shape.dims.dropLast(axisCount)))
    let means = mean?.reshaped(to: rows) ?? Tensor.zeros(rows, dtype: x.dtype)
    return [y, means, rstd.reshaped(to: rows)]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0], upstream[1] == nil, upstream[2] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let gradient = LayerNormGradient(axisCount: axisCount, isCentered: isCentered)
    let operands = [call.operands[0], call.operands[1], call.results[1], call.results[2], dy]
    return record(gradient, operands, results: 3)
  }
}

/// The gradient of a layer norm:
/// `x[B…, F…], gamma[F…], mean[B…], rstd[B…], dy[B…, F…] → dx, dgamma, dbeta`.
///
///     x̂ = (x − mean)·rstd,  g = dy·gamma
///     dx = rstd·(g − mean(g) − x̂·mean(g·x̂)),  dgamma = Σ dy·x̂,  dbeta = Σ dy
///
/// Without centring, `mean(g)` falls away.
package struct LayerNormGradient: Composite {
  package let axisCount: Int
  package let isCentered: Bool
  package var name: String { isCentered ? "layerNormGradient" : "rmsNormGradient" }
  package var attributes: String { "axisCount: \(axisCount)" }
  package var operandNames: [String] { ["x", "gamma", "mean", "rstd", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(axisCount: Int, isCentered: Bool = true) {
    self.axisCount = axisCount
    self.isCentered = isCentered
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, gamma) = (operands[0], operands[1])
    let expected = try LayerNorm(axisCount: axisCount, epsilon: 0).resultTypes([x, gamma, gamma])
    try require(
      operands[2] == expected[1] && operands[3] == expected[1],
      "mean and rstd must be \(expected[1]), not \(operands[2]) and \(operands[3])")
    try require(operands[4] == x, "dy must be \(x), not \(operands[4])")
    return [x, gamma, gamma]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (x, gamma, dy) = (operands[0], operands[1], operands[4])
    let leading = Array(x.shape.dims.dropLast(axisCount))
    let column = Shape(leading + Array(repeating: 1, count: axisCount))
    let (mean, rstd) = (operands[2].reshaped(to: column), operands[3].reshaped(to: column))
    let axes = Array(leading.count..<x.rank)
    let normal = (x - mean) * rstd
    let g = dy * gamma
    let along = (g * normal).mean(axes: axes, keepingAxes: true)
    let level = isCentered ? g - g.mean(axes: axes, keepingAxes: true) : g
    let dx = rstd * (level - normal * along)
    let rows = Array(leading.indices)
    return [dx, (dy * normal).sum(axes: rows), dy.sum(axes: rows)]
  }
}

extension Tensor {
  /// Returns the tensor with each row, the last `axisCount` axes, brought to mean 0 and variance 1,
  /// then scaled by `gamma` and shifted by `beta`.
  ///
  ///     y = gamma·(x − mean) / √(variance + epsilon) + beta
  /// - Shape: `x[B…, F…], gamma[F…], beta[F…] → y[B…, F…]`; the variance divides by the count.
  /// - Source: Ba, Kiros and Hinton 2016, "Layer Normalization".
  public func layerNormalized(
    axisCount: Int = 1, gamma: Tensor? = nil, beta: Tensor? = nil, epsilon: Double = 1e-5,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    normalizedRows(
      LayerNorm(axisCount: axisCount, epsilon: epsilon), gamma, beta,
      CallSite(file: file, line: line))
  }

  /// Returns the tensor with each row, the last `axisCount` axes, divided by the root of its mean
  /// square, then scaled by `gamma`.
  ///
  ///     y = gamma·x / √(mean(x²) + epsilon)
  /// - Shape: `x[B…, F…], gamma[F…] → y[B…, F…]`.
  /// - Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
  public func rmsNormalized(
    axisCount: Int = 1, gamma: Tensor? = nil, epsilon: Double = 1e-5, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    normalizedRows(
      LayerNorm(axisCount: axisCount, epsilon: epsilon, isCentered: false), gamma, nil,
      CallSite(file: file, line: line))
  }

  private func normalizedRows(
    _ operation: LayerNorm, _ gamma: Tensor?, _ beta: Tensor?, _ site: CallSite
  ) -> Tensor {
    let operands = [self] + [gamma, beta].compactMap { $0 }
    return attempt(operation.name, operands, at: site) { () throws(Violation) in
      try operation.checkRows(type)
      let row = Shape(Array(shape.dims.suffix(operation.axisCount)))
      let scale = gamma ?? Tensor.ones(row, dtype: dtype)
      let shift = beta ?? Tensor.zeros(row, dtype: dtype)
      return record(operation, [self, scale, shift], results: 3, at: site)[0]
    }
  }
}
