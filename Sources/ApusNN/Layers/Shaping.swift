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

/// An activation as a layer.
public final class ActivationLayer: Layer, CustomStringConvertible {
  public let activation: Activation
  public init(_ activation: Activation) { self.activation = activation }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { activation(x) }
  public var description: String { activation.name }
}

/// A function as a layer, for steps without parameters.
public final class Lambda: Layer, CustomStringConvertible {
  private let name: String
  private let function: @Sendable (Tensor) -> Tensor
  public init(_ name: String = "Lambda", _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { function(x) }
  public var description: String { name }
}
