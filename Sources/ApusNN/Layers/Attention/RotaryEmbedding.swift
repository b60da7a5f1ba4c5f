import ApusCore

/// Turns pairs of elements of queries and keys by angles that grow with the position, so that
/// products of the two depend on their distance alone.
///
///     (a, b) ← (a·cos θ − b·sin θ, a·sin θ + b·cos θ),   θ = position · base^(−2i / width)
///
/// - Shape: `x[N, T, heads, d] → y[N, T, heads, d]`, `d` even.
/// - Source: Su et al. 2021, "RoFormer", eq. 34.
public final class RotaryEmbedding: Layer, CustomStringConvertible {
  /// Which elements make a pair.
  public enum Pairing: String, Sendable, Hashable {
    /// `(x₀, x₁), (x₂, x₃), …`: the paper, GPT-J.
    case interleaved
    /// `(x₀, x_{r/2}), (x₁, x_{r/2 + 1}), …`: GPT-NeoX, Llama.
    case halves
  }

  public let base: Double
  public let pairing: Pairing
  /// How many leading elements of a head are turned; all unless given.
  public let turned: Int?

  public init(base: Double = 10_000, pairing: Pairing = .interleaved, turned: Int? = nil) {
    self.base = base
    self.pairing = pairing
    self.turned = turned
  }

  func check(width: Int) throws(Violation) {
    try require(base > 0 && base.isFinite, "base \(base) is not positive and finite")
    let count = turned ?? width
    try require(
      count > 0 && count <= width && count % 2 == 0,
      "\(count) of \(width) elements cannot be turned in pairs")
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank == 4, "needs [batch, time, heads, width], not \(x.shape)")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try check(width: x[3])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor { rotated(x, from: nil) }

  /// Turns elements whose first position is that of an integer tensor of one element.
  public func callAsFunction(
    _ x: Tensor, from position: Tensor?, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    call(
      [("input", x), ("position", position)], context, file: file, line: line
    ) { () throws(Violation) in
      try build(for: x.type)
      guard let position else { return }
      try require(
        position.dtype.isInteger && position.count == 1,
        "the position must be one integer, not \(position.type)")
    } forward: { _ in
      rotated(x, from: position)
    }
  }

  private func rotated(_ x: Tensor, from position: Tensor?) -> Tensor {
    let width = turned ?? x.shape[3]
    let length = x.shape[1]
    let rates = angularRates(count: width / 2, width: width, base: base)
    var places = Tensor.iota([length, 1], axis: 0, dtype: .int64)
    if let position { places = places + position.converted(to: .int64).reshaped(to: []) }
    let kind: DType = x.dtype == .float64 ? .float64 : .float32
    let angles = places.converted(to: kind) * rates.converted(to: kind)
    let shape: Shape = [length, 1, width / 2]
    let cos = angles.cos().reshaped(to: shape).converted(to: x.dtype)
    let sin = angles.sin().reshaped(to: shape).converted(to: x.dtype)
    let head = x.sliced(axis: 3, 0..<width)
    let (n, h) = (x.shape[0], x.shape[2])
    let isPaired = pairing == .interleaved
    let pairs = head.reshaped(
      to: isPaired ? [n, length, h, width / 2, 2] : [n, length, h, 2, width / 2])
    let axis = isPaired ? 4 : 3
    let a = pairs.sliced(axis: axis, 0..<1).squeezed(axes: [axis])
    let b = pairs.sliced(axis: axis, 1..<2).squeezed(axes: [axis])
    let parts = [a * cos - b * sin, a * sin + b * cos].map { $0.expanded(at: axis) }
    let y = concatenated(parts, axis: axis).reshaped(to: head.shape)
    if width == x.shape[3] { return y }
    return concatenated([y, x.sliced(axis: 3, width..<x.shape[3])], axis: 3)
  }

  public var description: String { "RotaryEmbedding(\(pairing), base \(base))" }
}

/// `base^(−2i / width)` for the first pairs: radians a position, `float64`.
func angularRates(count: Int, width: Int, base: Double) -> Tensor {
  let exponents = Tensor.iota([count], axis: 0, dtype: .float64) * (-2 / Double(width))
  return pow(Tensor(base, like: exponents), exponents)
}
