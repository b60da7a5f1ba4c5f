import ApusCore

/// Adds sines and cosines of the position, of wavelengths from 2π to 10,000·2π.
///
///     y[t, 2i] = x + sin(t / 10000^(2i / width)),   y[t, 2i + 1] = x + cos(t / 10000^(2i / width))
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Source: Vaswani et al. 2017, section 3.5.
public final class SinusoidalPositionalEncoding: Layer, CustomStringConvertible {
  /// The share of elements of the sum dropped in training.
  public let dropoutRate: Double
  let dropout: Dropout

  public init(dropoutRate: Double = 0) {
    self.dropoutRate = dropoutRate
    dropout = Dropout(dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireSequence(x)
    try require(x[2] > 0, "the input has no width")
    try requireRate(dropoutRate)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    dropout(x + Self.table(length: x.shape[1], width: x.shape[2]).converted(to: x.dtype))
  }

  /// The encodings of the first positions: `[length, width]`, `float64`.
  static func table(length: Int, width: Int) -> Tensor {
    let pairs = (width + 1) / 2
    let rates = angularRates(count: pairs, width: width, base: 10_000)
    let angles = Tensor.iota([length, 1], axis: 0, dtype: .float64) * rates
    let both = concatenated([angles.sin().expanded(at: 2), angles.cos().expanded(at: 2)], axis: 2)
    return both.reshaped(to: [length, 2 * pairs]).sliced(axis: 1, 0..<width)
  }

  public var description: String { "SinusoidalPositionalEncoding" }
}

/// Adds a learned vector for each position.
///
/// - Shape: `x[N, T, width] → y[N, T, width]`, `T ≤ count`.
/// - Parameters held: `weight [count, width]` (normal, σ = 0.02).
/// - Source: Gehring et al. 2017; Devlin et al. 2019.
public final class LearnedPositionalEmbedding: Layer, CustomStringConvertible {
  /// How many positions there are.
  public let count: Int
  public let weight: Parameter

  public init(_ count: Int, weight: Initializer = .normal(deviation: 0.02)) {
    self.count = count
    self.weight = Parameter(weight)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireCount(count, "positions")
    try requireSequence(x, width: weight.type?[1])
    try require(x[1] <= count, "the input is \(x[1]) long, there are \(count) positions")
    try weight.allocate(x.dtype, [count, x[2]])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    x + weight.value.sliced(axis: 0, 0..<x.shape[1])
  }

  public var description: String { "LearnedPositionalEmbedding(\(count))" }
}
