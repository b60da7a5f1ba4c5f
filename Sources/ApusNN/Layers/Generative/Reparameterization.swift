import ApusCore

/// A draw from a normal distribution that gradients pass through, the middle of a variational
/// auto-encoder: `z = mean + exp(½·logVariance) · ε` in training, `z = mean` in inference.
///
/// ```swift
/// let z = sampling(mean(h), logVariance(h))
/// ```
/// - Shape: `mean[…], logVariance[…] → z[…]`, all the same.
/// - Source: Kingma and Welling 2014, section 2.4.
public final class Reparameterization: Module, CustomStringConvertible {
  /// Whether inference draws too.
  public let alwaysSamples: Bool

  public init(alwaysSamples: Bool = false) { self.alwaysSamples = alwaysSamples }

  /// Draws from the distribution, or takes its mean.
  public func callAsFunction(
    _ mean: Tensor, _ logVariance: Tensor, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    for x in [mean, logVariance] where x.error != nil { return x }
    return scoped(context, file: file, line: line) { context in
      guard mean.dtype.isFloating, mean.type == logVariance.type else {
        let reason =
          mean.dtype.isFloating
          ? "mean and log-variance differ in dtype or shape"
          : "needs a floating dtype, not \(mean.dtype)"
        return refusal(
          reason, [("mean", mean), ("logVariance", logVariance)], CallSite(file: file, line: line))
      }
      var z = mean
      if context.isTraining || alwaysSamples {
        let noise = context.normal(like: mean)
        z = mean + (0.5 * logVariance).exp() * noise
      }
      context.observe(self, output: z)
      return z
    }
  }

  public var description: String { "Reparameterization" }
}
