import ApusCore
import ApusNN

/// A restricted Boltzmann machine of three visible and two hidden units, whose states can all be
/// listed.
struct SmallMachine {
  let w = [[0.8, -1.2, 0.3], [-0.5, 0.9, 1.1]]
  let a = [0.2, -0.4, 0.1]
  let b = [-0.3, 0.6]
  let units: RestrictedBoltzmannMachine.VisibleUnits
  let layer: RestrictedBoltzmannMachine

  init(_ units: RestrictedBoltzmannMachine.VisibleUnits) {
    self.units = units
    layer = RestrictedBoltzmannMachine(2, visibleUnits: units)
    _ = layer(Tensor.zeros([1, 3], dtype: .float64))
    try? layer.weight.assign(Tensor(w.flatMap { $0 }, shape: [2, 3]))
    try? layer.visibleBias.assign(Tensor(a))
    try? layer.hiddenBias.assign(Tensor(b))
  }

  /// All rows of zeros and ones.
  static func bits(_ count: Int) -> [[Double]] {
    (0..<(1 << count)).map { number in (0..<count).map { Double(number >> $0 & 1) } }
  }

  /// Visible states to look at: all, or some numbers.
  func states(_ units: RestrictedBoltzmannMachine.VisibleUnits) -> Tensor {
    let rows = Self.bits(3).map { row in
      units == .bernoulli ? row : row.enumerated().map { 1.7 * $1 - 0.4 * Double($0) }
    }
    return Tensor(rows.flatMap { $0 }, shape: [8, 3])
  }

  func energy(_ v: [Double], _ h: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<3 {
      sum += units == .bernoulli ? -a[i] * v[i] : (v[i] - a[i]) * (v[i] - a[i]) / 2
      for j in 0..<2 { sum -= h[j] * w[j][i] * v[i] }
    }
    return sum - b[0] * h[0] - b[1] * h[1]
  }
}
