/// How derived gradients compare with central differences.
public struct GradientCheck: Sendable, CustomStringConvertible {
  /// One element of a gradient, by both ways.
  public struct Element: Sendable, Hashable {
    /// The point: its name, or its number.
    public let point: String
    /// The coordinates of the element.
    public let index: [Int]
    /// By automatic differentiation.
    public let derived: Double
    /// By central differences.
    public let numerical: Double
    /// How far apart they are, measured in what is tolerated: up to 1 agrees.
    public let error: Double
  }

  /// The element with the largest error; `nil` when there was none to compare.
  public let worst: Element?
  /// How many elements were compared.
  public let comparedCount: Int
  /// How many differ by more than is tolerated.
  public let failureCount: Int
  /// Whether all agree.
  public var passed: Bool { failureCount == 0 }

  public var description: String {
    let verdict = passed ? "agree" : "\(failureCount) differ"
    guard let worst else { return "gradients: nothing to compare" }
    return "gradients: \(comparedCount) elements compared, \(verdict)\n  worst: \(worst)"
  }
}

extension GradientCheck.Element: CustomStringConvertible {
  public var description: String {
    "\(point)\(Shape(index)) derived \(derived), numerical \(numerical)"
  }
}

/// Compares the gradients of a function with central differences, element by element.
///
/// ```swift
/// let check = try checkGradients(at: [x, w]) { matmul($0[0], $0[1]).tanh().sum() }
/// print(check)   // gradients: 12 elements compared, agree …
/// ```
/// An element agrees when `|derived − numerical| ≤ tolerance · scale + rounding`: `scale` is the
/// largest gradient element of its point, `rounding` what the dtype's precision costs the difference.
/// Where the function has a kink within a step, as `relu` at 0, the two differ by nature.
/// - Parameters:
///   - names: What to call the points in the report.
///   - step: `h` in `(f(x + h) − f(x − h)) / 2h`, times `max(1, |x|)`; 1e-5 for `float64`, else 1e-2.
///   - tolerance: 1e-6 for `float64`, else 1e-2.
///   - sampleLimit: Points with more elements are compared at so many of them, drawn by `seed`.
///   - function: Gives a floating tensor; more than one element are summed with weights that `seed`
///     draws. It must give the same values each time: with fixed random keys.
/// - Throws: The function's mistake.
public func checkGradients(
  at points: [Tensor], names: [String] = [], step: Double? = nil, tolerance: Double? = nil,
  sampleLimit: Int = 200, seed: Int = 0, file: String = #fileID, line: Int = #line,
  of function: ([Tensor]) -> Tensor
) throws(TensorError) -> GradientCheck {
  let site = CallSite(file: file, line: line)
  for (name, value) in [("step", step), ("tolerance", tolerance)] {
    guard let value, !(value > 0 && value.isFinite) else { continue }
    throw TensorError(
      operation: "checkGradients", reason: "the \(name) \(value) is not positive and finite",
      site: site)
  }
  guard sampleLimit > 0 else {
    throw TensorError(
      operation: "checkGradients", reason: "a sample limit of \(sampleLimit) compares nothing",
      site: site)
  }
  func loss(_ arguments: [Tensor]) -> Tensor {
    let y = function(arguments)
    if y.error != nil || y.count == 1 || !y.dtype.isFloating { return y }
    let key = RandomKey(seed: seed).folding(in: -1)
    return (y * (Tensor.uniform(y.shape, in: 0.5..<1.5, key: key).converted(to: y.dtype))).sum()
  }
  let (value, derived) = valueAndGradients(at: points, file: file, line: line, of: loss)
  try eval([value] + derived)
  var tally = GradientTally()
  for (number, point) in points.enumerated() {
    let name = names.indices.contains(number) ? names[number] : "point \(number)"
    let isWide = point.dtype == .float64
    let places = try sampledPlaces(
      point.count, limit: sampleLimit, key: RandomKey(seed: seed).folding(in: number))
    var x = try point.scalars(as: Double.self)
    let slopes = try derived[number].scalars(as: Double.self)
    var found: [GradientTally.Pair] = []
    for place in places {
      let middle = x[place]
      let h = (step ?? (isWide ? 1e-5 : 1e-2)) * max(1, abs(middle))
      func value(_ moved: Double) throws(TensorError) -> Double {
        x[place] = moved
        defer { x[place] = middle }
        var arguments = points
        arguments[number] = Tensor(x, shape: point.shape, dtype: point.dtype)
        return try loss(arguments).scalar(as: Double.self)
      }
      let (above, below) = (try value(middle + h), try value(middle - h))
      let rounding = 16 * point.dtype.unitRoundoff * max(abs(above), abs(below)) / h
      found.append(
        .init(
          place: place, derived: slopes[place], numerical: (above - below) / (2 * h),
          rounding: rounding))
    }
    tally.add(found, name, point.shape, tolerance: tolerance ?? (isWide ? 1e-6 : 1e-2))
  }
  return tally.check
}

/// All places, or one drawn from each of so many parts of equal length.
private func sampledPlaces(
  _ count: Int, limit: Int, key: RandomKey
) throws(TensorError) -> [Int] {
  if count <= limit { return Array(0..<count) }
  let part = Double(count) / Double(limit)
  let drawn = try Tensor.uniform([limit], in: 0..<1, dtype: .float64, key: key)
    .scalars(as: Double.self)
  return drawn.enumerated().map { min(Int((Double($0) + $1) * part), count - 1) }
}

/// Collects the worst of the comparisons.
private struct GradientTally {
  struct Pair {
    let place: Int
    let derived: Double
    let numerical: Double
    let rounding: Double
  }

  private var worst: GradientCheck.Element?
  private var comparedCount = 0
  private var failureCount = 0

  var check: GradientCheck {
    GradientCheck(worst: worst, comparedCount: comparedCount, failureCount: failureCount)
  }

  mutating func add(_ pairs: [Pair], _ name: String, _ shape: Shape, tolerance: Double) {
    let sizes = pairs.flatMap { [abs($0.derived), abs($0.numerical)] }
    let scale = sizes.filter(\.isFinite).max() ?? 0
    for pair in pairs {
      let tolerated = tolerance * scale + pair.rounding
      let difference = abs(pair.derived - pair.numerical)
      // What is not a number agrees with nothing.
      let error = difference == 0 ? 0 : difference.isFinite ? difference / tolerated : .infinity
      comparedCount += 1
      if !(error <= 1) { failureCount += 1 }
      if let worst, !(error > worst.error) { continue }
      let index = zip(shape.strides, shape.dims).map { pair.place / $0 % $1 }
      worst = GradientCheck.Element(
        point: name, index: index, derived: pair.derived, numerical: pair.numerical, error: error)
    }
  }
}

extension DType {
  /// Half the distance from 1 to the next number.
  fileprivate var unitRoundoff: Double {
    switch self {
    case .float64: 0x1p-53
    case .bfloat16: 0x1p-8
    case .float16: 0x1p-11
    default: 0x1p-24
    }
  }
}
