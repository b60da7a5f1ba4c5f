import ApusCore

/// Sets elements at random in training to the lower limit of the SELU, then scales and shifts so that
/// mean and variance stay.
///
///     y = a·(x where kept, else α′) + b,   α′ = −λα
///     a = (q + α′²·q·(1 − q))^(−½),   b = −a·(1 − q)·α′,   q = 1 − rate
///
/// For networks of SELUs, whose inputs have mean 0 and variance 1.
///
/// - Shape: `x[…] → y[…]`.
/// - Source: Klambauer et al. 2017, section 3, "New dropout technique".
public final class AlphaDropout: Layer, CustomStringConvertible {
  /// The share of elements dropped.
  public let rate: Double

  public init(_ rate: Double = 0.1) { self.rate = rate }

  public func build(for x: TensorType) throws(Violation) { try requireDropping(rate, x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    guard context.isTraining, rate > 0 else { return x }
    let limit = -1.0507009873554805 * 1.6732632423543772
    let kept = 1 - rate
    let scale = 1 / (kept + limit * limit * kept * rate).squareRoot()
    let mask = context.mask(kept, x.shape)
    return x.where(mask, else: Tensor(limit, like: x)) * scale - scale * rate * limit
  }

  public var description: String { "AlphaDropout(\(rate))" }
}
