/// Brings every channel to mean 0 and variance 1 over the batch, then scales and shifts:
/// `x[N…, C], gamma[C], beta[C] → y[N…, C], mean[C], variance[C]`.
///
///     y = gamma·(x − mean) / √(variance + ε) + beta
///
/// The variance divides by the count. Beside an `x` of 16-bit floats, `gamma` and `beta` may be of
/// 32 bits; mean and variance are of the dtype of these.
/// - Gradient: by ``BatchNormGradient``; of the decomposition where mean or variance are used
///   otherwise.
/// - Source: Ioffe and Szegedy 2015; StableHLO specification, `batch_norm_training`.
package struct BatchNorm: Composite {
  package let epsilon: Double
  package var name: String { "batchNorm" }
  package var attributes: String { "epsilon: \(epsilon)" }
  package var operandNames: [String] { ["x", "gamma", "beta"] }
  package var cpu: CPUKernel { .kernel }

  package init(epsilon: Double) { self.epsilon = epsilon }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try requireEpsilon(epsilon)
    try Self.checkBatch(x)
    let channels = x.with(shape: [x[-1]])
    let wide = x.dtype.byteCount == 2 ? channels.with(dtype: .float32) : channels
    let expected = operands[1] == wide ? wide : channels
    for (name, type) in zip(["gamma", "beta"], operands.dropFirst()) {
      try require(type == expected, "\(name) must be \(expected), not \(type)")
    }
    return [x, expected, expected]
  }

  static func checkBatch(_ x: TensorType) throws(Violation) {
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank >= 2, "needs x[N…, C] of rank 2 or more: the rank is \(x.rank)")
    try require(!x.dims.dropLast().contains(0), "\(x.shape) has no elements to take a mean of")
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (gamma, beta) = (operands[1], operands[2])
    let x = operands[0].converted(to: gamma.dtype)
    let axes = Array(0..<(x.rank - 1))
    let mean = x.mean(axes: axes)
    let centered = x - mean
    let variance = centered.square().mean(axes: axes)
    let y = centered * ((variance + epsilon).rsqrt() * gamma) + beta
    return [y.converted(to: operands[0].dtype), mean, variance]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0], upstream[1] == nil, upstream[2] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let operands = [call.operands[0], call.operands[1], call.results[1], call.results[2], dy]
    return record(BatchNormGradient(epsilon: epsilon), operands, results: 3)
  }
}

/// The gradient of a batch norm:
/// `x[N…, C], gamma[C], mean[C], variance[C], dy[N…, C] → dx, dgamma, dbeta`.
///
///     x̂ = (x − mean)·rstd,  dgamma = Σ dy·x̂,  dbeta = Σ dy
///     dx = gamma·rstd·(dy − dbeta/n − x̂·dgamma/n)
package struct BatchNormGradient: Composite {
  package let epsilon: Double
  package var name: String { "batchNormGradient" }
  package var attributes: String { "epsilon: \(epsilon)" }
  package var operandNames: [String] { ["x", "gamma", "mean", "variance", "dy"] }
  package var cpu: CPUKernel { .kernel }

  package init(epsilon: Double) { self.epsilon = epsilon }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, gamma) = (operands[0], operands[1])
    _ = try BatchNorm(epsilon: epsilon).resultTypes([x, gamma, gamma])
    try require(
      operands[2] == gamma && operands[3] == gamma,
      "mean and variance must be \(gamma), not \(operands[2]) and \(operands[3])")
    try require(operands[4] == x, "dy must be \(x), not \(operands[4])")
    return [x, gamma, gamma]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (gamma, mean) = (operands[1], operands[2])
    let (x, dy) = (operands[0].converted(to: gamma.dtype), operands[4].converted(to: gamma.dtype))
    let axes = Array(0..<(x.rank - 1))
    let rstd = (operands[3] + epsilon).rsqrt()
    let normal = (x - mean) * rstd
    let dgamma = (dy * normal).sum(axes: axes)
    let dbeta = dy.sum(axes: axes)
    let share = 1 / Double(x.shape.dims.dropLast().reduce(1, *))
    let dx = (gamma * rstd) * (dy - dbeta * share - normal * (dgamma * share))
    return [dx.converted(to: operands[0].dtype), dgamma, dbeta]
  }
}

/// Refuses what cannot keep a variance from 0.
func requireEpsilon(_ epsilon: Double) throws(Violation) {
  try require(epsilon >= 0 && epsilon.isFinite, "epsilon \(epsilon) is not a finite number from 0")
}

extension Tensor {
  /// Returns the tensor with each channel brought to mean 0 and variance 1 over the other axes,
  /// scaled and shifted; and the mean and variance used.
  ///
  ///     y = gamma·(x − mean) / √(variance + epsilon) + beta
  /// - Shape: `x[N…, C], gamma[C], beta[C] → y[N…, C], mean[C], variance[C]`; the variance divides by
  ///   the count. With 16-bit floats, `gamma` and `beta` may be `float32`; mean and variance are then
  ///   too, as they are where neither is given.
  /// - Source: Ioffe and Szegedy 2015, algorithm 1.
  public func batchNormalized(
    gamma: Tensor? = nil, beta: Tensor? = nil, epsilon: Double = 1e-5, file: String = #fileID,
    line: Int = #line
  ) -> (result: Tensor, mean: Tensor, variance: Tensor) {
    let site = CallSite(file: file, line: line)
    let channels = Shape([shape[-1]])
    let isWide =
      dtype.byteCount == 2 && (gamma?.dtype ?? beta?.dtype ?? .float32) == .float32
    let given = isWide ? DType.float32 : dtype
    let scale = gamma ?? Tensor.ones(channels, dtype: given)
    let shift = beta ?? Tensor.zeros(channels, dtype: given)
    let results = record(
      BatchNorm(epsilon: epsilon), [self, scale, shift], results: 3, at: site)
    return (results[0], results[1], results[2])
  }

  /// Returns the tensor normalized by a mean and variance known beforehand: inference.
  ///
  ///     y = gamma·(x − mean) / √(variance + epsilon) + beta
  /// - Shape: `x[N…, C], mean[C], variance[C], gamma[C], beta[C] → y[N…, C]`; beside 16-bit floats, the
  ///   others may be `float32`.
  /// - Source: Ioffe and Szegedy 2015, algorithm 2.
  public func batchNormalized(
    mean: Tensor, variance: Tensor, gamma: Tensor? = nil, beta: Tensor? = nil,
    epsilon: Double = 1e-5, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    let names = ["mean", "variance", "gamma", "beta"]
    let statistics = [mean, variance, gamma, beta]
    let operands = [self] + statistics.compactMap { $0 }
    return attempt("batchNorm", operands, at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      try requireEpsilon(epsilon)
      try require(rank >= 2, "needs x[N…, C] of rank 2 or more: the rank is \(rank)")
      let isWide = dtype.byteCount == 2 && mean.dtype == .float32
      let channels = TensorType(isWide ? .float32 : dtype, [shape[-1]])
      for (name, statistic) in zip(names, statistics) {
        guard let statistic else { continue }
        try require(
          statistic.type == channels, "\(name) must be \(channels), not \(statistic.type)")
      }
      let rstd = (variance + epsilon).rsqrt(file: file, line: line)
      let scale = gamma.map { $0 * rstd } ?? rstd
      let shift = beta.map { $0 - mean * scale } ?? -(mean * scale)
      return (converted(to: scale.dtype) * scale + shift).converted(to: dtype)
    }
  }
}
