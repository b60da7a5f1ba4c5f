import ApusCore

extension SlidingWindow {
  /// The coordinates that window `target` covers along a spatial axis, those of padding included.
  private func coordinates(_ axis: Int, _ target: Int, _ extent: Int) -> [Int] {
    if let bins {
      let count = bins[axis]
      return Array((target * extent / count)..<(((target + 1) * extent + count - 1) / count))
    }
    return (0..<window[axis]).map {
      target * stride[axis] + $0 * dilation[axis] - low[axis]
    }
  }

  /// For every element of a pooling's result, the places in its window, in order; those of padding
  /// as `nil` when they are kept.
  fileprivate func members(
    _ x: TensorType, _ y: TensorType, keepingPadding: Bool = false
  ) -> [[Int?]] {
    let extents = Array(x.dims.dropFirst().dropLast())
    return y.shape.coordinates.map { target in
      var places: [[Int]] = [[]]
      for axis in extents.indices {
        let along = coordinates(axis, target[axis + 1], extents[axis])
          // Past the padding, where a rounded up window ends, there is nothing.
          .filter { $0 < extents[axis] + high[axis] }
        places = places.flatMap { head in along.map { head + [$0] } }
      }
      return places.compactMap { place -> Int?? in
        guard zip(place, extents).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
          return keepingPadding ? .some(nil) : .none
        }
        return x.shape.position([target[0]] + place + [target[target.count - 1]])
      }
    }
  }

  /// The position of each window's first NaN, else of its first largest element.
  fileprivate func winners(_ x: ReferenceValue, _ y: TensorType) -> [Int?] {
    members(x.type, y).map { places in
      places.compactMap(\.self).reduce(nil) { best, place in
        guard let best else { return place }
        if x.floats[best].isNaN { return best }
        return x.floats[place] > x.floats[best] || x.floats[place].isNaN ? place : best
      }
    }
  }

  /// What each window's sum is divided by: positions in the padded operand, or real elements.
  fileprivate func divisors(_ x: TensorType, _ y: TensorType, countsPadding: Bool) -> [Double] {
    members(x, y, keepingPadding: countsPadding).map { Double($0.count) }
  }
}

extension MaxPool: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let places = windows.winners(x, types[0])
    return [.init(types[0], floats: places.map { $0.map { x.floats[$0] } ?? -.infinity })]
  }
}

extension MaxPoolGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    var sums = Array(repeating: 0.0, count: types[0].count)
    for (place, dy) in zip(windows.winners(operands[0], operands[1].type), operands[1].floats) {
      if let place { sums[place] += dy }
    }
    return [.init(types[0], floats: sums)]
  }
}

extension MaxPoolGather: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let places = windows.winners(operands[0], types[0])
    return [.init(types[0], floats: places.map { $0.map { operands[1].floats[$0] } ?? 0 })]
  }
}

extension AveragePool: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let divisors = windows.divisors(x.type, types[0], countsPadding: countsPadding)
    let sums = windows.members(x.type, types[0]).map {
      $0.compactMap(\.self).reduce(0) { $0 + x.floats[$1] }
    }
    return [.init(types[0], floats: zip(sums, divisors).map { $0 / $1 })]
  }
}

extension AveragePoolGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let dy = operands[0]
    let divisors = windows.divisors(types[0], dy.type, countsPadding: countsPadding)
    var sums = Array(repeating: 0.0, count: types[0].count)
    for (index, places) in windows.members(types[0], dy.type).enumerated() {
      for place in places.compactMap(\.self) { sums[place] += dy.floats[index] / divisors[index] }
    }
    return [.init(types[0], floats: sums)]
  }
}

extension MaxPoolIndices: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0].type
    let places = windows.winners(operands[0], types[0])
    return [.init(types[0], integers: places.map { Int64($0.map { x.spatialPlace($0) } ?? 0) })]
  }
}

extension StochasticPoolIndices: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    var drawn: [Int64] = []
    for (index, places) in windows.members(x.type, types[0]).enumerated() {
      let inside = places.compactMap(\.self)
      let weights = inside.map { Swift.max(x.floats[$0], 0) }
      let limit = weights.reduce(0, +) * operands[1].floats[index]
      var sum = 0.0
      let hit = weights.firstIndex { weight in
        sum += weight
        return sum > limit
      }
      let last = weights.lastIndex { $0 > 0 } ?? 0
      drawn.append(inside.isEmpty ? 0 : Int64(x.type.spatialPlace(inside[hit ?? last])))
    }
    return [.init(types[0], integers: drawn)]
  }
}

extension TensorType {
  /// The place among the spatial elements of `[N, s…, C]` of an element's place among all.
  fileprivate func spatialPlace(_ place: Int) -> Int {
    place / self[-1] % dims.dropFirst().dropLast().reduce(1, *)
  }
}
