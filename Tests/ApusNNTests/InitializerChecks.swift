import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// A distribution that initializers are compared with.
struct ExpectedDistribution: Sendable {
  let mean: Double
  let deviation: Double
  /// The fourth central moment over the square of the variance.
  let kurtosis: Double
  let bounds: ClosedRange<Double>
  /// The share of values up to a number.
  let share: @Sendable (Double) -> Double

  static func normal(mean: Double = 0, _ deviation: Double) -> ExpectedDistribution {
    ExpectedDistribution(
      mean: mean, deviation: deviation, kurtosis: 3, bounds: -Double.infinity...Double.infinity
    ) { Self.normalShare(($0 - mean) / deviation) }
  }

  static func uniform(_ range: ClosedRange<Double>) -> ExpectedDistribution {
    let width = range.upperBound - range.lowerBound
    return ExpectedDistribution(
      mean: range.lowerBound + width / 2, deviation: width / 12.0.squareRoot(), kurtosis: 1.8,
      bounds: range
    ) { min(max(($0 - range.lowerBound) / width, 0), 1) }
  }

  static func uniform(variance: Double) -> ExpectedDistribution {
    let limit = (3 * variance).squareRoot()
    return uniform(-limit...limit)
  }

  /// Normal between two deviations; moments by the recursion of truncated normals.
  static func truncatedNormal(
    mean: Double = 0, _ deviation: Double, limit: Double
  ) -> ExpectedDistribution {
    let inside = normalShare(limit) - normalShare(-limit)
    let density = Foundation.exp(-limit * limit / 2) / (2 * Double.pi).squareRoot()
    let second = 1 - 2 * limit * density / inside
    let fourth = 3 * second - 2 * limit * limit * limit * density / inside
    return ExpectedDistribution(
      mean: mean, deviation: deviation * second.squareRoot(), kurtosis: fourth / (second * second),
      bounds: (mean - limit * deviation)...(mean + limit * deviation)
    ) { (normalShare(($0 - mean) / deviation) - normalShare(-limit)) / inside }
  }

  private static func normalShare(_ z: Double) -> Double {
    Foundation.erfc(-z / 2.squareRoot()) / 2
  }
}

/// Compares values with a distribution: moments, bounds and the greatest distance of the shares.
///
/// Bounds are four standard errors, and that of Kolmogorov and Smirnov at one in a thousand; the seed
/// is fixed, so that a check passes always or never.
func checkDistribution(
  _ values: [Double], _ expected: ExpectedDistribution, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let n = Double(values.count)
  let mean = values.reduce(0, +) / n
  let squares = values.map { ($0 - mean) * ($0 - mean) }
  let variance = squares.reduce(0, +) / n
  let kurtosis = squares.map { $0 * $0 }.reduce(0, +) / n / (variance * variance)
  let wanted = expected.deviation * expected.deviation
  #expect(
    abs(mean - expected.mean) < 4 * expected.deviation / n.squareRoot(), comment,
    sourceLocation: sourceLocation)
  #expect(
    abs(variance / wanted - 1) < 4 * ((expected.kurtosis - 1) / n).squareRoot(), comment,
    sourceLocation: sourceLocation)
  // The fourth moment of normal values has a standard error of √(96/n).
  #expect(
    abs(kurtosis - expected.kurtosis) < 4 * (96 / n).squareRoot(), comment,
    sourceLocation: sourceLocation)
  #expect(values.allSatisfy(expected.bounds.contains), comment, sourceLocation: sourceLocation)
  var distance = 0.0
  for (index, value) in values.sorted().enumerated() {
    let share = expected.share(value)
    distance = max(distance, abs(share - Double(index) / n), abs(Double(index + 1) / n - share))
  }
  #expect(distance < 1.95 / n.squareRoot(), comment, sourceLocation: sourceLocation)
}

/// Compares an initializer's values for a weight with a distribution, in both wide dtypes; with one
/// seed the values are the same again, with another path others.
func checkDistribution(
  of initializer: Initializer, shape: Shape = [96, 128], fans: Fans? = nil,
  _ expected: ExpectedDistribution, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for dtype in [DType.float32, .float64] {
    let type = TensorType(dtype, shape)
    let drawn = initializer.values(type, seed: 11, path: "layer.weight", fans: fans)
    #expect(drawn.type == type, sourceLocation: sourceLocation)
    let values = try drawn.scalars(as: Double.self)
    checkDistribution(
      values, expected, "\(initializer) \(type)", sourceLocation: sourceLocation)
    let again = initializer.values(type, seed: 11, path: "layer.weight", fans: fans)
    #expect(try again.scalars(as: Double.self) == values, sourceLocation: sourceLocation)
    let other = initializer.values(type, seed: 11, path: "other.weight", fans: fans)
    #expect(try other.scalars(as: Double.self) != values, sourceLocation: sourceLocation)
  }
}

/// Checks that the shorter side of a matrix is orthogonal, of norm `gain`.
func checkOrthogonal(
  _ shape: Shape, gain: Double, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let type = TensorType(.float64, shape)
  let drawn = Initializer.orthogonal(gain: gain).values(type, seed: 3, path: "w")
  #expect(drawn.type == type, sourceLocation: sourceLocation)
  let rows = shape.dims[0]
  let columns = shape.dims.dropFirst().reduce(1, *)
  let matrix = drawn.reshaped(to: [rows, columns])
  let turned = matrix.transposed(permutation: [1, 0])
  let product = rows <= columns ? matmul(matrix, turned) : matmul(turned, matrix)
  let expected = gain * gain * Tensor.identity(min(rows, columns), dtype: .float64)
  let error = try (product - expected).abs().max().scalar(as: Double.self)
  #expect(error < 1e-10, "\(shape)", sourceLocation: sourceLocation)
}
