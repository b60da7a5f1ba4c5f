import ApusCore

/// Returns the penalty that keeps a critic's slope near 1 between real and generated samples.
///
///     weight·mean((‖∇critic(x̂)‖ - 1)²),  x̂ = ε·real + (1 - ε)·fake,  ε uniform in 0…1 per sample
///
/// Differentiate it with respect to the critic's parameters: that is a gradient of a gradient. The
/// critic must treat samples apart, so no batch norm, which would also note running statistics of
/// points that do not exist.
///
/// ```swift
/// let (loss, gradients) = critic.valueAndGradients {
///   GANLoss.wasserstein.discriminator(real: critic(x), fake: critic(generated))
///     + gradientPenalty(real: x, fake: generated, key: key) { critic($0) }
/// }
/// ```
/// - Shape: `real[N, …], fake[N, …] →` scalar; the critic gives one number or more per sample.
/// - Source: Gulrajani et al. 2017, equation 3.
public func gradientPenalty(
  real: Tensor, fake: Tensor, weight: Double = 10, key: RandomKey, file: String = #fileID,
  line: Int = #line, critic: (Tensor) -> Tensor
) -> Tensor {
  let operands = [("real", real), ("fake", fake), ("key", key.tensor)]
  return lossValue("gradientPenalty", operands, file, line) { () throws(Violation) in
    try requireSame(real, "real", fake, "fake")
    try require(real.rank > 0, "samples need a first axis that counts them, they are a scalar")
    try requireNotNegative("weight", weight)
    let ones = Array(repeating: 1, count: real.rank - 1)
    let share = Tensor.uniform(Shape([real.shape[0]] + ones), dtype: real.dtype, key: key)
    let between = fake + share * (real - fake)
    return gradientPenalty(at: between, weight: weight, file: file, line: line, critic: critic)
  }
}

/// Returns the penalty that keeps a critic's slope near 1 at given points.
///
///     weight·mean((‖∇critic(x)‖ - 1)²)
///
/// - Shape: `points[N, …] →` scalar; the critic gives one number or more per sample.
/// - Source: Gulrajani et al. 2017, equation 3.
public func gradientPenalty(
  at points: Tensor, weight: Double = 10, file: String = #fileID, line: Int = #line,
  critic: (Tensor) -> Tensor
) -> Tensor {
  lossValue("gradientPenalty", [("points", points)], file, line) { () throws(Violation) in
    try require(points.dtype.isFloating, "points must be floating, not \(points.dtype)")
    try require(points.rank > 0, "points need a first axis that counts them, they are a scalar")
    try requireNotNegative("weight", weight)
    let slopes = gradient(at: points) { critic($0).sum() }
    if slopes.error != nil { return slopes }
    let norms = slopes.square().sumPerSample().whereNotZero { $0.sqrt() }
    return try LossTerms((norms - 1).square()).reduced(.mean, weights: nil) * weight
  }
}
