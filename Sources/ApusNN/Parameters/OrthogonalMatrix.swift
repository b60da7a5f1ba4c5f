/// Orthonormal vectors by Householder reflections in `float64`.
enum OrthogonalMatrix {
  /// The most vectors; time is cubic.
  static let largestSide = 8192

  /// Replaces linearly independent vectors by orthonormal ones of the same spans.
  ///
  /// The factor Q of the decomposition QR whose R has a positive diagonal.
  /// - Parameters:
  ///   - vectors: `count` vectors of `length` one after the other; `count ≤ length`.
  static func orthonormalize(_ vectors: inout [Double], count: Int, length: Int) {
    guard count > 0, count <= length, vectors.count == count.timesClamped(length) else { return }
    // Of the reflection k, entries k... of vector k; its sign decides that of R's diagonal.
    var signs = [Double](repeating: 1, count: count)
    vectors.withUnsafeMutableBufferPointer { all in
      func row(_ index: Int, from start: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: all[(index * length + start)..<((index + 1) * length)])
      }
      for k in 0..<count {
        let pivot = row(k, from: k)
        let norm = dot(pivot, pivot).squareRoot()
        // The direction away from cancellation; R's diagonal is then -sign · norm.
        let sign: Double = pivot[0] < 0 ? -1 : 1
        signs[k] = -sign
        pivot[0] += sign * norm
        let square = dot(pivot, pivot)
        let factor = square > 0 ? (2 / square).squareRoot() : 0
        for index in pivot.indices { pivot[index] *= factor }
        for other in (k + 1)..<max(count, k + 1) { reflect(row(other, from: k), by: pivot) }
      }
      // Q's vectors, last first: the reflections of the axes, in the memory of the reflections.
      for k in (0..<count).reversed() {
        let pivot = row(k, from: k)
        for other in (k + 1)..<max(count, k + 1) { reflect(row(other, from: k), by: pivot) }
        let head = pivot[0]
        for index in pivot.indices { pivot[index] *= -head }
        pivot[0] += 1
        for index in 0..<k { all[k * length + index] = 0 }
      }
      for k in 0..<count where signs[k] < 0 {
        for index in (k * length)..<((k + 1) * length) { all[index] = -all[index] }
      }
    }
  }

  /// `x ← x − (v·x)·v`, for `v` of norm √2.
  private static func reflect(
    _ x: UnsafeMutableBufferPointer<Double>, by v: UnsafeMutableBufferPointer<Double>
  ) {
    let scale = dot(x, v)
    for index in x.indices { x[index] -= scale * v[index] }
  }

  /// The inner product, in eight sums.
  private static func dot(
    _ a: UnsafeMutableBufferPointer<Double>, _ b: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    var sums = SIMD8<Double>()
    let whole = a.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      var x = SIMD8<Double>()
      var y = SIMD8<Double>()
      for lane in 0..<8 {
        x[lane] = a[start + lane]
        y[lane] = b[start + lane]
      }
      sums += x * y
    }
    var sum = sums.sum()
    for index in whole..<a.count { sum += a[index] * b[index] }
    return sum
  }
}
