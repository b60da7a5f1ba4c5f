import ApusCore
import Foundation

/// Sines and cosines of a time step, in which a network can read it:
/// `y = [sin(t·ω₀), …, sin(t·ω_{h−1}), cos(t·ω₀), …, cos(t·ω_{h−1})]` with
/// `ω_i = period^(−i / (h − 1))` and `h = width / 2`.
///
/// - Shape: `t[…] → y[…, width]`, `t` of integers or floats; `y` is `float32` for integers.
/// - Source: Ho, Jain and Abbeel 2020, appendix B; Vaswani et al. 2017, section 3.5.
public final class TimestepEmbedding: Layer, CustomStringConvertible {
  public let width: Int
  /// The longest wave, in steps, over 2π.
  public let period: Double

  public init(_ width: Int, period: Double = 10_000) {
    self.width = width
    self.period = period
  }

  public func build(for t: TensorType) throws(Violation) {
    try require(t.dtype.isFloating || t.dtype.isInteger, "needs numbers, not \(t.dtype)")
    try require(
      width >= 4 && width % 2 == 0, "width \(width) is not an even number of 4 or more")
    try require(period > 1 && period.isFinite, "period \(period) is not a finite number above 1")
    try TensorType(t.dtype.parameterDType, Shape(t.dims + [width])).checkSize()
  }

  public func forward(_ t: Tensor, _ context: Context) -> Tensor {
    let dtype = t.dtype.parameterDType
    let half = width / 2
    let exponents = Tensor.range(half, dtype: .float64) * (-log(period) / Double(half - 1))
    // In float64, since a step of a thousand times a rounded frequency is another angle.
    let angles = t.converted(to: .float64).expanded(at: -1) * exponents.exp()
    return concatenated([angles.sin(), angles.cos()], axis: angles.rank - 1).converted(to: dtype)
  }

  public var description: String { "TimestepEmbedding(\(width))" }
}
