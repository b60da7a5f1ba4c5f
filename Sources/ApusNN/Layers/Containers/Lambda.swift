import ApusCore

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
