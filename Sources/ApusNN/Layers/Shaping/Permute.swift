import ApusCore

/// Puts the axes in another order.
///
/// - Shape: `x[d…] → y[d_{order[0]}, d_{order[1]}, …]`; the batch axis is axis 0.
public final class Permute: Layer, CustomStringConvertible {
  /// Which axis of the input each axis of the result is.
  public let order: [Int]
  public init(_ order: Int...) { self.order = order }
  public init(_ order: [Int]) { self.order = order }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      order.sorted() == Array(0..<x.rank), "\(order) is no order of the axes of rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.transposed(permutation: order, file: at.file, line: at.line)
  }

  public var description: String { "Permute(\(order))" }
}

/// Drops axes of extent 1: those named, or all but the batch axis.
///
/// - Shape: `x[N, 1, d…] → y[N, d…]`.
public final class Squeeze: Layer, CustomStringConvertible {
  /// Negative ones count from the end.
  public let axes: [Int]?
  public init(_ axes: [Int]? = nil) { self.axes = axes }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let dropped = axes ?? x.shape.dims.indices.filter { $0 > 0 && x.shape.dims[$0] == 1 }
    return x.squeezed(axes: dropped, file: at.file, line: at.line)
  }

  public var description: String { "Squeeze(\(axes.map { "\($0)" } ?? ""))" }
}

/// Inserts an axis of extent 1 before the one given; -1 appends it.
///
/// - Shape: `x[N, d…] → y[N, 1, d…]` for axis 1.
public final class Unsqueeze: Layer, CustomStringConvertible {
  public let axis: Int
  public init(_ axis: Int) { self.axis = axis }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.expanded(at: axis, file: at.file, line: at.line)
  }

  public var description: String { "Unsqueeze(\(axis))" }
}
