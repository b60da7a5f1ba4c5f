import ApusCore

/// Applies a layer to every step of a sequence, as if the steps were samples.
///
/// - Shape: `x[N, T, F…] → y[N, T, G…]` where the layer maps `[N·T, F…]` to `[N·T, G…]`.
/// - Parameters held: those of `layer`.
public final class TimeDistributed: Layer, CustomStringConvertible {
  public let layer: any Layer

  public init(_ layer: any Layer) { self.layer = layer }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      x.rank >= 2, "needs a sequence of rank 2 or more, samples and steps, not rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let rows = x.shape[0].timesClamped(x.shape[1])
    let flat = x.reshaped(
      to: Shape([rows] + x.shape.dims.dropFirst(2)), file: at.file, line: at.line)
    let y = layer(flat, context, file: at.file, line: at.line)
    if y.error != nil { return y }
    guard y.rank > 0, y.shape[0] == rows else {
      let reason = "the layer makes \(y.shape) of \(rows) rows: samples are lost"
      return refused("TimeDistributed", Violation(reason), [("input", x)])
    }
    return y.reshaped(
      to: Shape([x.shape[0], x.shape[1]] + y.shape.dims.dropFirst()), file: at.file,
      line: at.line)
  }

  public var description: String { "TimeDistributed(\(layer))" }
}

/// Repeats a vector as every step of a sequence: what a decoder from one vector starts with.
///
/// - Shape: `x[N, F] → y[N, count, F]`.
public final class RepeatVector: Layer, CustomStringConvertible {
  public let count: Int

  public init(_ count: Int) { self.count = count }

  public func build(for x: TensorType) throws(Violation) {
    try require(count > 0, "\(count) steps are not a positive number")
    try require(x.rank == 2, "needs vectors, samples and features, not rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.expanded(at: 1).broadcast(
      to: [x.shape[0], count, x.shape[1]], file: at.file, line: at.line)
  }

  public var description: String { "RepeatVector(\(count))" }
}
