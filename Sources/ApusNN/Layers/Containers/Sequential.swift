import ApusCore

/// Layers one after the other.
///
/// ```swift
/// let model = Sequential {
///   Dense(128, activation: .relu)
///   for _ in 0..<2 { Dense(64, activation: .relu) }
///   Dense(10)
/// }
/// ```
/// Paths are numbers, as in PyTorch: `0.weight`, `1.bias`.
///
/// - Shape: `x[…] → y[…]` from the first layer's input to the last one's output.
public final class Sequential: Layer, ModuleContainer, CustomStringConvertible {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }

  public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return layers.reduce(x) { $1($0, context, file: at.file, line: at.line) }
  }

  var namedContents: [(label: String, value: Any)] {
    layers.enumerated().map { ("\($0)", $1 as Any) }
  }

  /// The layer at a position; `nil` out of range.
  public subscript(index: Int) -> (any Layer)? {
    layers.indices.contains(index) ? layers[index] : nil
  }

  public var description: String {
    let rows = layers.enumerated().map { index, layer in
      "  \(index): " + "\(layer)".split(separator: "\n").joined(separator: "\n  ")
    }
    return "Sequential {\n" + rows.joined(separator: "\n") + "\n}"
  }
}

/// Collects the layers written inside `Sequential { … }`.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  public static func buildExpression(_ activation: Activation) -> [any Layer] {
    [ActivationLayer(activation)]
  }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}
