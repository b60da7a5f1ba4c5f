import ApusCore

extension Loss {
  /// Negative log-likelihood of counts under Poisson distributions.
  ///
  ///     mean(e^x - t·x)              with the logarithm x of the rate
  ///     mean(x - t·log(x + epsilon)) with the rate x
  ///
  /// - Shape: `prediction[…]`, `target[…]` of counts; terms `[…]`.
  /// - Parameters:
  ///   - isLogRate: Whether predictions are logarithms of rates.
  ///   - addsFactorial: Adds Stirling's approximation of `log t!` where `t > 1`.
  /// - Source: PyTorch's `PoissonNLLLoss`.
  public static func poisson(
    isLogRate: Bool = true, addsFactorial: Bool = false, epsilon: Double = 1e-8
  ) -> Loss {
    Loss("poisson") { (x, target) throws(Violation) in
      try requireSame(x, target)
      try requireNotNegative("epsilon", epsilon)
      let fit = isLogRate ? x.exp() - target * x : x - target * (x + epsilon).log()
      if !addsFactorial { return fit }
      let one = Tensor(1, like: target)
      let counts = target.where(target .> 1, else: one)
      let stirling = counts * counts.log() - counts + (counts * (2 * Double.pi)).log() * 0.5
      return fit + stirling.where(target .> 1, else: Tensor(0, like: target))
    }
  }
}

/// Negative log-likelihood of targets under normal distributions whose mean and variance are
/// predicted.
///
///     mean(½·(log v + (t - mean)²/v)),  v = max(variance, epsilon)
///
/// - Shape: `mean[…], variance[…], target[…] →` scalar; terms `[…]`.
/// - Source: Nix and Weigend 1994.
public struct GaussianLoss: Sendable, Hashable {
  /// Whether the constant `½·log 2π` is added.
  public var addsConstant: Bool
  /// The smallest variance; a smaller one counts as this and has no gradient.
  public var epsilon: Double
  public var reduction: Reduction

  public init(
    addsConstant: Bool = false, epsilon: Double = 1e-6, reduction: Reduction = .mean
  ) {
    self.addsConstant = addsConstant
    self.epsilon = epsilon
    self.reduction = reduction
  }

  /// Returns the loss of a batch.
  public func callAsFunction(
    mean: Tensor, variance: Tensor, target: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("mean", mean), ("variance", variance), ("target", target)]
    return lossValue("GaussianLoss", operands, file, line) { () throws(Violation) in
      try requireSame(mean, "mean", target, "target")
      try requireSame(mean, "mean", variance, "variance")
      try requirePositive("epsilon", epsilon)
      let limited = maximum(variance, Tensor(epsilon, like: variance))
      let fit = (limited.log() + (mean - target).square() / limited) * 0.5
      let constant = addsConstant ? 0.5 * 1.837_877_066_409_345_5 : 0
      return try LossTerms(fit + constant).reduced(reduction, weights: nil)
    }
  }
}
