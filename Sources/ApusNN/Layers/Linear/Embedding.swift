import ApusCore

/// A table of vectors looked up by index.
///
/// An index outside `0..<count` is a data error, thrown when the result is evaluated.
///
/// - Shape: `x[…] → y[…, width]`, `x` of integers.
/// - Parameters held: `weight [count, width]` (normal, σ = 1, unless given).
public final class Embedding: Layer, CustomStringConvertible {
  public let count: Int
  public let width: Int
  public let weight: Parameter

  public init(
    _ count: Int, width: Int, weight: Initializer = .normal(deviation: 1),
    dtype: DType = .float32
  ) {
    self.count = count
    self.width = width
    self.weight = Parameter(weight, dtype: dtype)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      count > 0 && width > 0, "a table of \(count) × \(width) is not of positive size")
    try require(x.dtype.isInteger, "needs integer indices, not \(x.dtype)")
    try weight.allocate(.float32, [count, width])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return weight.value.gathered(x, axis: 0, file: at.file, line: at.line)
  }

  public var description: String { "Embedding(\(count) → \(width))" }
}
