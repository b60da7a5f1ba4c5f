import ApusCore
import Foundation

/// Normal noise on gradients that fades with the updates.
///
///     g ← g + σₜ·N(0, 1),   σₜ² = variance / (1 + t)^fading      // t updates came before
/// - Source: Neelakantan et al. 2015, eq. 1.
public struct GradientNoise: Sendable, Hashable {
  public var variance: Double
  public var fading: Double

  public init(variance: Double = 0.01, fading: Double = 0.55) {
    self.variance = variance
    self.fading = fading
  }

  /// The deviation σ after `step` updates.
  public func deviation(at step: Int) -> Double {
    (variance / Foundation.pow(1 + Double(max(step, 0)), fading)).squareRoot()
  }

  func check() throws(TensorError) {
    for (name, value) in [("variance", variance), ("fading", fading)] {
      guard value >= 0, value.isFinite else {
        throw TensorError(
          operation: "GradientNoise", reason: "\(name) \(value) is not a finite number from 0")
      }
    }
  }
}
