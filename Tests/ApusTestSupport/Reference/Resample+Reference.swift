import ApusCore

extension Resampling {
  /// The elements of a source of `n` that element `i` is made of, and how much of each.
  fileprivate func parts(_ i: Int, _ n: Int) -> [(place: Int, weight: Double)] {
    func between(_ place: Double) -> [(Int, Double)] {
      // A hat function around every element, the first and the last going on outwards.
      let inside = Swift.min(Swift.max(place, 0), Double(n - 1))
      return (0..<n).map { ($0, Swift.max(0, 1 - abs(inside - Double($0)))) }.filter { $0.1 > 0 }
    }
    switch self {
    case .nearest(let scale): return [(Swift.min(Int(Double(i) * scale), n - 1), 1)]
    case .linear(let scale): return between((Double(i) + 0.5) * scale - 0.5)
    case .linearAligned(let scale): return between(Double(i) * scale)
    case .circular(let low): return [(((i - low) % n + n) % n, 1)]
    case .replicate(let low): return [(Swift.min(Swift.max(i - low, 0), n - 1), 1)]
    case .reflect(let low):
      let mirrored = Array(0..<n) + Array((1..<Swift.max(n - 1, 1)).reversed())
      let period = mirrored.count
      return [(mirrored[((i - low) % period + period) % period], 1)]
    }
  }
}

extension Resample: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let values = types[0].shape.coordinates.map { target in
      rule.parts(target[axis], x.type.dims[axis]).reduce(0.0) { sum, part in
        var place = target
        place[axis] = part.place
        return sum + part.weight * x.floats[x.type.shape.position(place)]
      }
    }
    return [.init(types[0], floats: values)]
  }
}

extension ResampleTranspose: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let dy = operands[0]
    var sums = Array(repeating: 0.0, count: types[0].count)
    for (index, source) in dy.type.shape.coordinates.enumerated() {
      for part in rule.parts(source[axis], size) {
        var place = source
        place[axis] = part.place
        sums[types[0].shape.position(place)] += part.weight * dy.floats[index]
      }
    }
    return [.init(types[0], floats: sums)]
  }
}
