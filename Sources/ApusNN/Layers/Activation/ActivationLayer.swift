import ApusCore

/// An activation as a layer.
public final class ActivationLayer: Layer, CustomStringConvertible {
  public let activation: Activation
  public init(_ activation: Activation) { self.activation = activation }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { activation(x) }
  public var description: String { activation.name }
}
