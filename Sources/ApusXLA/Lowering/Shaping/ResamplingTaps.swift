import ApusCore

/// What one element of a resampled axis is made of: `(1 − weight)·x[first] + weight·x[second]`.
struct ResamplingTap: Equatable {
  var first: Int
  var second: Int
  var weight: Double

  init(_ place: Int) { (first, second, weight) = (place, place, 0) }

  /// Between the neighbours of a place; the first and the last element go on outwards.
  init(between place: Double, of n: Int) {
    let inside = min(max(place, 0), Double(n - 1))
    let first = min(Int(inside), n - 1)
    self.first = first
    second = min(first + 1, n - 1)
    weight = second == first ? 0 : inside - Double(first)
  }
}

extension Resampling {
  /// The taps of all `count` elements made from `n`.
  func taps(_ count: Int, of n: Int) -> [ResamplingTap] { (0..<count).map { tap($0, of: n) } }

  private func tap(_ i: Int, of n: Int) -> ResamplingTap {
    switch self {
    case .nearest(let scale):
      let place = Double(i) * scale
      return ResamplingTap(place >= Double(n) ? n - 1 : Int(place))
    case .linear(let scale): return ResamplingTap(between: (Double(i) + 0.5) * scale - 0.5, of: n)
    case .linearAligned(let scale): return ResamplingTap(between: Double(i) * scale, of: n)
    case .circular(let low): return ResamplingTap(((i - low) % n + n) % n)
    case .reflect(let low):
      let place = abs(i - low)
      return ResamplingTap(place > n - 1 ? 2 * (n - 1) - place : place)
    case .replicate(let low): return ResamplingTap(min(max(i - low, 0), n - 1))
    }
  }
}
