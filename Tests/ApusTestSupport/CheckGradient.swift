import ApusCore
import Testing

/// Compares gradients with central differences in `float64`, along one random direction.
///
/// The function's results are weighted by fixed random numbers and summed to `s`. Order 1 compares
/// `⟨∇s, v⟩` with `(s(x + hv) - s(x - hv)) / 2h`; order 2 compares `⟨∇⟨∇s, v⟩, w⟩` with the central
/// difference of `⟨∇s, v⟩` along another direction `w`.
/// - Parameter range: Points are drawn from it.
package func checkGradient(
  of shapes: [[Int]], in range: Range<Double> = -1..<1, order: Int = 2, seed: UInt64,
  tolerance: Double = 1e-6, sourceLocation: SourceLocation = #_sourceLocation,
  _ function: ([Tensor]) -> Tensor
) throws {
  var random = SplitMix(state: seed)
  func draw(_ count: Int, _ range: Range<Double>) -> [Double] {
    (0..<count).map { _ in Double.random(in: range, using: &random) }
  }
  let counts = shapes.map { $0.reduce(1, *) }
  let points = counts.map { draw($0, range) }
  let v = counts.map { draw($0, -1..<1) }
  let w = counts.map { draw($0, -1..<1) }
  var weights: [Double] = []

  func tensors(_ values: [[Double]]) -> [Tensor] {
    zip(values, shapes).map { Tensor($0, shape: Shape($1)) }
  }
  func moved(_ amount: Double) -> [Tensor] {
    tensors(zip(points, v).map { zip($0, $1).map { $0 + amount * $1 } })
  }
  func movedBack(_ amount: Double) -> [Tensor] {
    tensors(zip(points, w).map { zip($0, $1).map { $0 + amount * $1 } })
  }
  func total(_ arguments: [Tensor]) -> Tensor {
    let y = function(arguments)
    if y.error != nil { return y }
    if weights.count != y.count { weights = draw(y.count, 0.5..<1.5) }
    return (y * Tensor(weights, shape: y.shape)).sum()
  }
  func slope(_ arguments: [Tensor], along direction: [[Double]]) -> Tensor {
    let terms = zip(gradients(at: arguments, of: total), tensors(direction)).map { ($0 * $1).sum() }
    return terms.dropFirst().reduce(terms.first ?? Tensor(0, dtype: .float64)) { $0 + $1 }
  }
  func compare(_ actual: Double, _ above: Double, _ below: Double, _ name: Comment) {
    let expected = (above - below) / (2 * step)
    expectClose(
      [actual], [expected], absolute: tolerance, relative: tolerance, name,
      sourceLocation: sourceLocation)
  }
  let step = 1e-5
  let first = try slope(tensors(points), along: v).scalar(as: Double.self)
  let above = try total(moved(step)).scalar(as: Double.self)
  let below = try total(moved(-step)).scalar(as: Double.self)
  compare(first, above, below, "order 1")
  guard order > 1 else { return }
  let second = gradients(at: tensors(points)) { slope($0, along: v) }
  let terms = zip(second, tensors(w)).map { ($0 * $1).sum() }
  let curvature = try terms.dropFirst().reduce(terms[0]) { $0 + $1 }.scalar(as: Double.self)
  compare(
    curvature, try slope(movedBack(step), along: v).scalar(as: Double.self),
    try slope(movedBack(-step), along: v).scalar(as: Double.self), "order 2")
}

/// A small generator for test data: the same numbers for the same seed, everywhere.
///
/// - Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
package struct SplitMix: RandomNumberGenerator {
  package var state: UInt64
  package init(state: UInt64) { self.state = state }
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
