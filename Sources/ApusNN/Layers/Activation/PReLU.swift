import ApusCore

/// `x` where positive, else `weight · x` with a learned slope.
///
/// - Parameters held: `weight [1]` (0.25).
/// - Source: He et al. 2015, section 2.1.
public final class PReLU: Layer, CustomStringConvertible {
  public let weight: Parameter

  public init(slope: Double = 0.25) { weight = Parameter(.constant(slope)) }

  public func build(for x: TensorType) throws(Violation) {
    try weight.allocate(x.dtype.parameterDType, [1])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    x.where(x .> 0, else: x * weight.value)
  }

  public var description: String { "PReLU" }
}
