import ApusCore

/// A layer whose inner values are computed again for the gradient instead of kept.
///
/// Training a deep stack then needs the memory of its wrapped parts' inputs and of the inside of one
/// part, for one more forward pass. Outputs, gradients and parameters are those of the layer itself,
/// bit for bit; layers that use chance draw the same numbers both times, and buffers such as running
/// means move once.
///
/// ```swift
/// let model = Sequential {
///   for _ in 0..<48 { Recompute(Block()) }
///   Dense(10)
/// }
/// ```
/// - Shape: those of the wrapped layer.
/// - Parameters held: the wrapped layer's, under its own path: wrapping does not rename them.
/// - Source: Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost".
public final class Recompute: Layer, TransparentModule, CustomStringConvertible {
  /// The layer that runs twice.
  public let layer: any Layer

  /// Creates a wrapper around a layer.
  public init(_ layer: any Layer) { self.layer = layer }

  /// Creates a wrapper around layers one after the other; their paths are numbers.
  public convenience init(@LayerBuilder _ layers: () -> [any Layer]) {
    self.init(Sequential(layers()))
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return context.checkpointed([x]) { inputs, inner in
      [layer(inputs[0], inner, file: at.file, line: at.line)]
    }[0]
  }

  var wrapped: any Module { layer }

  public var description: String { "Recompute(\(layer))" }
}

extension Context {
  /// Computes a part of a model without keeping its inner values for the gradient.
  ///
  /// For parts with several inputs, where ``Recompute`` does not fit. Layers inside are called with
  /// the context that `body` receives, or without one.
  ///
  /// ```swift
  /// let y = context.checkpointed([x, memory]) { inputs, context in
  ///   [decoder(inputs[0], memory: inputs[1], context)]
  /// }[0]
  /// ```
  public func checkpointed(
    _ inputs: [Tensor], file: String = #fileID, line: Int = #line,
    of body: ([Tensor], Context) -> [Tensor]
  ) -> [Tensor] {
    let inner = branch()
    var count = 0
    let frame = CallFrame.current?.with(inner)
    let results = ApusCore.checkpointed(inputs, file: file, line: line) { inputs in
      let outputs = CallFrame.$current.withValue(frame) { body(inputs, inner) }
      count = outputs.count
      return outputs + inner.notedTensors
    }
    join(inner, notedTensors: Array(results[Swift.min(count, results.count)...]))
    return Array(results.prefix(count))
  }
}
