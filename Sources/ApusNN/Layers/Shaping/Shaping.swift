import ApusCore

/// Joins all axes but the first.
///
/// - Shape: `x[N, d…] → y[N, ∏d]`.
public final class Flatten: Layer, CustomStringConvertible {
  public init() {}
  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
  }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let width = x.shape.dims.dropFirst().reduce(1, *)
    return x.reshaped(to: [x.shape[0], width], file: at.file, line: at.line)
  }
  public var description: String { "Flatten" }
}

/// Gives each sample another shape.
///
/// - Shape: `x[N, d…] → y[N, shape…]`.
public final class Reshape: Layer, CustomStringConvertible {
  public let shape: [Int]
  public init(_ shape: Int...) { self.shape = shape }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.reshaped(to: [x.shape[0]] + shape, file: at.file, line: at.line)
  }
  public var description: String { "Reshape(\(shape))" }
}
