import ApusCore

/// Gives each sample another shape; one extent may be -1 and is inferred.
///
/// - Shape: `x[N, d…] → y[N, shape…]`.
public final class Reshape: Layer, CustomStringConvertible {
  public let shape: [Int]
  public init(_ shape: Int...) { self.shape = shape }
  public init(_ shape: [Int]) { self.shape = shape }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank > 0, "needs an input with a batch axis, not a scalar")
    try require(
      shape.allSatisfy { $0 >= -1 } && shape.filter { $0 == -1 }.count <= 1,
      "\(shape) is no shape of a sample")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    // Inferred from a sample, so that a batch of none works too.
    let size = x.shape.dims.dropFirst().reduce(1) { $0.timesClamped($1) }
    let known = shape.reduce(1) { $1 == -1 ? $0 : $0.timesClamped($1) }
    let extents = shape.map { $0 == -1 && known > 0 && size % known == 0 ? size / known : $0 }
    let count = extents.reduce(1) { $0.timesClamped($1) }
    guard count == size, !extents.contains(-1) else {
      return Tensor(
        error: TensorError(
          operation: "Reshape", reason: "a sample has \(size) elements, \(shape) does not",
          operands: [.init(name: "input", type: x.type)], layerPath: LayerScope.current?.path,
          site: at))
    }
    return x.reshaped(to: Shape([x.shape[0]] + extents), file: at.file, line: at.line)
  }

  public var description: String { "Reshape(\(shape))" }
}
