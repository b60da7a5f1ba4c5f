import ApusCore

/// A function as a layer, for steps without parameters.
///
/// ```swift
/// Lambda("square") { $0 * $0 }
/// ```
/// - Shape: that of the function.
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

/// The input itself: a place for nothing, in a branch or instead of a removed head.
///
/// - Shape: `x[…] → y[…]`.
public final class Identity: Layer, CustomStringConvertible {
  public init() {}
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
  public var description: String { "Identity" }
}
