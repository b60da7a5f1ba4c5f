import ApusCore

/// A table of vectors looked up by index.
///
/// An index outside `0..<count` is a data error, thrown when the result is evaluated.
///
/// - Shape: `x[…] → y[…, width]`, `x` of integers.
/// - Parameters held: `weight [count, width]` (normal, σ = 1, unless given). The row of
///   `paddingIndex` starts at zero and takes no gradient.
/// - Source: PyTorch, `torch.nn.Embedding`.
public final class Embedding: Layer, CustomStringConvertible {
  public let count: Int
  public let width: Int
  /// The index that stands for nothing; `nil` when there is none.
  public let paddingIndex: Int?
  public let weight: Parameter

  public init(
    _ count: Int, width: Int, paddingIndex: Int? = nil,
    weight: Initializer = .normal(deviation: 1), dtype: DType = .float32
  ) {
    self.count = count
    self.width = width
    self.paddingIndex = paddingIndex
    self.weight = Parameter(weight, dtype: dtype)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      count > 0 && width > 0, "a table of \(count) × \(width) is not of positive size")
    try require(x.dtype.isInteger, "needs integer indices, not \(x.dtype)")
    guard let paddingIndex else {
      try weight.allocate(.float32, [count, width])
      return
    }
    try require(
      (0..<count).contains(paddingIndex), "padding index \(paddingIndex) is not in 0..<\(count)")
    try weight.allocate(.float32, [count, width]) { table in
      let rows = Tensor.iota([table.shape[0], 1], axis: 0)
      return table.where(rows .!= Double(paddingIndex), else: Tensor(0, like: table))
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let y = weight.value.gathered(
      x.withoutNegatives(else: count), axis: 0, file: at.file, line: at.line)
    guard let paddingIndex, y.error == nil else { return y }
    let isWord = (x .!= Double(paddingIndex)).expanded(at: -1)
    return y.where(isWord, else: y.stoppingGradient())
  }

  public var description: String { "Embedding(\(count) → \(width))" }
}

extension Tensor {
  /// Indices with negative ones, which would count from the end, put out of range: they are mistakes
  /// where indices are words or steps.
  func withoutNegatives(else end: Int) -> Tensor {
    guard dtype == .int32 || dtype == .int64 else { return self }
    let limit = dtype == .int32 ? Int(Int32.max) : end
    return self.where(self .>= 0, else: Tensor(Double(Swift.min(end, limit)), like: self))
  }
}
