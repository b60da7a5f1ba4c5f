import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension Context {
  /// A training call with a stream of its own.
  static func training(seed: Int) -> Context {
    Context(isTraining: true, key: RandomKey(seed: seed))
  }
}

/// Mean and variance of all elements.
func moments(_ x: Tensor) throws -> (mean: Double, variance: Double) {
  let values = try x.scalars(as: Double.self)
  let mean = values.reduce(0, +) / Double(values.count)
  return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
}

/// Checks a layer that replaces elements at random: every output is `kept · x + shift` or
/// `kept · droppedTo + shift`, together along some axes; the gradient goes where the input went; the
/// share kept is as asked for, within 5 deviations; inference is the identity.
///
/// - Parameter share: The probability to be kept; `nil` leaves it unchecked.
func checkDropping(
  _ layer: any Layer, _ shape: Shape, kept scale: Double, share: Double?, together axes: [Int],
  shift: Double = 0, droppedTo rest: Double = 0, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let x = Tensor.uniform(shape, in: 0.5..<1.5, dtype: .float64, key: RandomKey(seed: 1))
  let y = layer(x, .training(seed: 5))
  let slope = gradient(at: x) { layer($0, .training(seed: 5)).sum() }
  let points = try x.scalars(as: Double.self)
  let values = try y.scalars(as: Double.self)
  let slopes = try slope.scalars(as: Double.self)
  var mask: [Double] = []
  for (index, value) in values.enumerated() {
    let isKept = abs(value - (scale * points[index] + shift)) < 1e-12
    let isDropped = abs(value - (scale * rest + shift)) < 1e-12
    #expect(isKept != isDropped, sourceLocation: sourceLocation)
    #expect(abs(slopes[index] - (isKept ? scale : 0)) < 1e-12, sourceLocation: sourceLocation)
    mask.append(isKept ? 1 : 0)
  }
  let kept = Tensor(mask, shape: shape)
  if !axes.isEmpty {
    let same = (kept.max(axes: axes) .== kept.min(axes: axes)).converted(to: .float64)
    let all = try same.scalars(as: Double.self)
    #expect(all.allSatisfy { $0 == 1 }, sourceLocation: sourceLocation)
  }
  if let share {
    let draws = Double(axes.reduce(shape.count) { $0 / shape[$1] })
    let found = mask.reduce(0, +) / Double(mask.count)
    let deviation = (share * (1 - share) / draws).squareRoot()
    #expect(abs(found - share) <= 5 * deviation, "\(found)", sourceLocation: sourceLocation)
    let other = try layer(x, .training(seed: 6)).scalars(as: Double.self)
    #expect(share == 1 || other != values, sourceLocation: sourceLocation)
  }
  #expect(try layer(x).scalars(as: Double.self) == points, sourceLocation: sourceLocation)
}

/// Checks a layer that adds normal noise: moments of `(y − x) / deviation(x)` up to the fourth, the
/// gradient, and the identity in inference.
func checkNoise(
  _ layer: any Layer, deviation: (Double) -> Double, slope: (Double, Double) -> Double,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let x = Tensor.uniform([200, 100], in: 0.5..<1.5, dtype: .float64, key: RandomKey(seed: 1))
  let points = try x.scalars(as: Double.self)
  let values = try layer(x, .training(seed: 8)).scalars(as: Double.self)
  let noise = zip(points, values).map { ($1 - $0) / deviation($0) }
  func moment(_ order: Int) -> Double {
    noise.reduce(0) { sum, e in sum + (0..<order).reduce(1.0) { p, _ in p * e } }
      / Double(noise.count)
  }
  // Five standard errors of the moments of 20,000 normal numbers.
  for (order, expected, error) in [(1, 0.0, 0.036), (2, 1, 0.05), (3, 0, 0.14), (4, 3, 0.35)] {
    #expect(
      abs(moment(order) - expected) < error, "moment \(order): \(moment(order))",
      sourceLocation: sourceLocation)
  }
  let slopes = gradient(at: x) { layer($0, .training(seed: 8)).sum() }
  expectClose(
    try slopes.scalars(as: Double.self), zip(points, values).map(slope),
    sourceLocation: sourceLocation)
  #expect(try layer(x).scalars(as: Double.self) == points, sourceLocation: sourceLocation)
}

/// Checks a layer that passes its input on and penalizes it, in training alone; the penalty's
/// gradient against central differences.
func checkPenalty(
  _ layer: any Layer, _ values: [Double], _ shape: Shape, _ expected: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let x = Tensor(values, shape: shape)
  let context = Context(isTraining: true)
  #expect(try layer(x, context).scalars(as: Double.self) == values, sourceLocation: sourceLocation)
  let penalty = try #require(context.penalty, sourceLocation: sourceLocation)
  try expectClose(penalty, [expected], shape: [], sourceLocation: sourceLocation)
  func value(_ x: Tensor) -> Tensor {
    let context = Context(isTraining: true)
    _ = layer(x, context)
    return context.penalty ?? Tensor(.nan, dtype: .float64)
  }
  if values.contains(where: { $0 != 0 }) {
    let inner = x.where(x .!= 0, else: Tensor(0.3, like: x))
    let slope = try gradient(at: inner, of: value).scalars(as: Double.self)
    for index in slope.indices {
      let step = Tensor(
        slope.indices.map { $0 == index ? 1e-5 : 0 }, shape: shape)
      let low = try value(inner - step).scalar(as: Double.self)
      let high = try value(inner + step).scalar(as: Double.self)
      #expect(
        abs(slope[index] - (high - low) / 2e-5) < 1e-6 * max(1, abs(slope[index])),
        sourceLocation: sourceLocation)
    }
  }
  let calm = Context(isTraining: false)
  #expect(try layer(x, calm).scalars(as: Double.self) == values, sourceLocation: sourceLocation)
  #expect(calm.penalty == nil, sourceLocation: sourceLocation)
}

/// Every weight of every sample is dropped by itself and the rest scaled; with one mask, samples
/// agree.
func checkDropConnect() throws {
  for isPerSample in [true, false] {
    let layer = DropConnect(8, rate: 0.4, perSample: isPerSample, weight: .ones)
    // Rows of the identity read single weights.
    let x = Tensor.identity(50, dtype: .float64).expanded(at: 0).broadcast(to: [20, 50, 50])
    let y = layer(x, .training(seed: 3))
    let values = try y.scalars(as: Double.self)
    #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / 0.6) < 1e-12 })
    let first = Array(values[..<400])
    let draws = isPerSample ? values : first
    let kept = Double(draws.filter { $0 != 0 }.count) / Double(draws.count)
    #expect(abs(kept - 0.6) < 5 * (0.24 / Double(draws.count)).squareRoot(), "\(kept)")
    let agree = (1..<20).filter { Array(values[($0 * 400)..<($0 * 400 + 400)]) == first }
    #expect(agree.count == (isPerSample ? 0 : 19))
    let slope = gradient(at: x) { layer($0, .training(seed: 3)).sum() }
    try expectClose(slope.sum(axes: [1]), y.sum(axes: [2]).scalars(as: Double.self).map { $0 * 50 })
  }
}
