import ApusCore

/// How the first values of a parameter are drawn.
///
/// Values depend on the seed and the parameter's path alone, so that adding a layer does not change
/// the others. Fans are those of PyTorch's layouts: a weight `[out, in, window…]` has
/// `fanIn = in · window` and `fanOut = out · window`.
public struct Initializer: Sendable, Hashable, CustomStringConvertible {
  /// What the variance is divided by.
  public enum Fan: String, Sendable { case input, output, average }

  enum Rule: Hashable, Sendable {
    case constant(Double)
    case normal(mean: Double, deviation: Double)
    case uniform(lower: Double, upper: Double)
    case truncatedNormal(deviation: Double)
    case scaledNormal(scale: Double, Fan)
    case scaledUniform(scale: Double, Fan)
  }

  let rule: Rule
  public let description: String

  init(_ description: String, _ rule: Rule) {
    self.description = description
    self.rule = rule
  }

  public static let zeros = Initializer("zeros", .constant(0))
  public static let ones = Initializer("ones", .constant(1))
  public static func constant(_ value: Double) -> Initializer {
    Initializer("constant(\(value))", .constant(value))
  }

  /// Normal values around `mean`.
  public static func normal(mean: Double = 0, deviation: Double = 0.01) -> Initializer {
    Initializer("normal(σ: \(deviation))", .normal(mean: mean, deviation: deviation))
  }

  /// Equally likely values in a range.
  public static func uniform(_ range: ClosedRange<Double> = -0.05...0.05) -> Initializer {
    Initializer(
      "uniform(\(range))", .uniform(lower: range.lowerBound, upper: range.upperBound))
  }

  /// Normal values without those beyond two deviations.
  public static func truncatedNormal(deviation: Double = 0.01) -> Initializer {
    Initializer("truncatedNormal(σ: \(deviation))", .truncatedNormal(deviation: deviation))
  }

  /// Variance `2 / (fanIn + fanOut)`.
  ///
  /// - Source: Glorot and Bengio 2010, eq. 16.
  public static let glorotNormal = Initializer(
    "glorotNormal", .scaledNormal(scale: 1, .average))
  public static let glorotUniform = Initializer(
    "glorotUniform", .scaledUniform(scale: 1, .average))

  /// Variance `2 / fanIn`, for ReLU.
  ///
  /// - Source: He et al. 2015, eq. 10.
  public static let heNormal = Initializer("heNormal", .scaledNormal(scale: 2, .input))
  public static let heUniform = Initializer("heUniform", .scaledUniform(scale: 2, .input))

  /// Variance `1 / fanIn`.
  ///
  /// - Source: LeCun et al. 1998, section 4.6.
  public static let leCunNormal = Initializer("leCunNormal", .scaledNormal(scale: 1, .input))
  public static let leCunUniform = Initializer("leCunUniform", .scaledUniform(scale: 1, .input))

  /// Normal values of variance `scale / fan`.
  public static func scaledNormal(_ scale: Double, fan: Fan) -> Initializer {
    Initializer("scaledNormal(\(scale), \(fan))", .scaledNormal(scale: scale, fan))
  }

  /// Equally likely values of variance `scale / fan`.
  public static func scaledUniform(_ scale: Double, fan: Fan) -> Initializer {
    Initializer("scaledUniform(\(scale), \(fan))", .scaledUniform(scale: scale, fan))
  }
}

extension Initializer {
  /// Returns first values for a parameter.
  ///
  /// - Parameters:
  ///   - path: The parameter's property path; with the seed it decides the values.
  public func values(_ type: TensorType, seed: UInt64, path: String) -> Tensor {
    let key = RandomKey(seed: Int(truncatingIfNeeded: seed)).folding(in: Self.number(of: path))
    func normal(_ mean: Double, _ deviation: Double) -> Tensor {
      .normal(
        type.shape, mean: mean, standardDeviation: deviation, dtype: type.dtype, key: key)
    }
    func uniform(_ lower: Double, _ upper: Double) -> Tensor {
      guard (upper - lower).isFinite else {
        return Tensor(
          error: TensorError(
            operation: "initializer", reason: "\(description) gives no finite range for \(type)"))
      }
      return lower < upper
        ? .uniform(type.shape, in: lower..<upper, dtype: type.dtype, key: key)
        : Tensor(repeating: lower, shape: type.shape, dtype: type.dtype)
    }
    switch rule {
    case .constant(let value):
      return Tensor(repeating: value, shape: type.shape, dtype: type.dtype)
    case .normal(let mean, let deviation): return normal(mean, deviation)
    case .uniform(let lower, let upper): return uniform(lower, upper)
    case .truncatedNormal(let deviation):
      return .truncatedNormal(
        type.shape, standardDeviation: deviation, dtype: type.dtype, key: key)
    case .scaledNormal(let scale, let fan):
      return normal(0, (scale / Self.fan(fan, of: type.shape)).squareRoot())
    case .scaledUniform(let scale, let fan):
      let limit = (3 * scale / Self.fan(fan, of: type.shape)).squareRoot()
      return uniform(-limit, limit)
    }
  }

  /// A number for a path: FNV-1a of its bytes, 64 bits.
  static func number(of path: String) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash)
  }

  /// The number of values a unit sums over, or feeds; at least 1.
  static func fan(_ fan: Fan, of shape: Shape) -> Double {
    let window = shape.dims.dropFirst(2).reduce(1.0) { $0 * Double($1) }
    let output = Double(shape.rank > 0 ? shape.dims[0] : 1) * window
    let input = shape.rank > 1 ? Double(shape.dims[1]) * window : output
    switch fan {
    case .input: return max(input, 1)
    case .output: return max(output, 1)
    case .average: return max((input + output) / 2, 1)
    }
  }
}
