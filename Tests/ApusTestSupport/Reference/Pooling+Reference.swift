import ApusCore

extension SlidingWindow {
  /// For every element of a pooling's result, the positions of `x` in its window, in order.
  fileprivate func members(_ x: TensorType, _ y: TensorType) -> [[Int]] {
    let elements = Shape(window).coordinates
    let extents = x.dims.dropFirst().dropLast()
    return y.shape.coordinates.map { target in
      elements.compactMap { element in
        let place = source(Array(target.dropFirst().dropLast()), element)
        guard zip(place, extents).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return nil }
        return x.shape.position([target[0]] + place + [target[target.count - 1]])
      }
    }
  }

  /// The position of each window's first largest element.
  fileprivate func winners(_ x: ReferenceValue, _ y: TensorType) -> [Int?] {
    members(x.type, y).map { places in
      places.reduce(nil) { best, place in
        guard let best else { return place }
        return x.floats[place] > x.floats[best] ? place : best
      }
    }
  }

  /// What each window's sum is divided by: positions in the padded operand, or real elements.
  fileprivate func divisors(_ x: TensorType, _ y: TensorType, countsPadding: Bool) -> [Double] {
    members(x, y).map { Double(countsPadding ? window.reduce(1, *) : $0.count) }
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
    let sums = windows.members(x.type, types[0]).map { $0.reduce(0) { $0 + x.floats[$1] } }
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
      for place in places { sums[place] += dy.floats[index] / divisors[index] }
    }
    return [.init(types[0], floats: sums)]
  }
}
