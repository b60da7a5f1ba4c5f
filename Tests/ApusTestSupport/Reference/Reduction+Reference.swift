import ApusCore

extension Reduce: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    var groups = Array(repeating: [Int](), count: types[0].count)
    for (index, coordinate) in x.type.shape.coordinates.enumerated() {
      let place = coordinate.indices.map { axes.contains($0) ? 0 : coordinate[$0] }
      groups[types[0].shape.position(place)].append(index)
    }
    if types[0].dtype.isFloating {
      return [.init(types[0], floats: groups.map { combined($0.map { x.floats[$0] }) })]
    }
    return [.init(types[0], integers: groups.map { combined($0.map { x.integers[$0] }) })]
  }

  private func combined(_ values: [Double]) -> Double {
    switch kind {
    case .sum: values.reduce(0, +)
    case .product: values.reduce(1, *)
    case .maximum: values.contains { $0.isNaN } ? .nan : values.max() ?? .nan
    case .minimum: values.contains { $0.isNaN } ? .nan : values.min() ?? .nan
    }
  }

  private func combined(_ values: [Int64]) -> Int64 {
    switch kind {
    case .sum: values.reduce(0, &+)
    case .product: values.reduce(1, &*)
    case .maximum: values.max() ?? 0
    case .minimum: values.min() ?? 0
    }
  }
}

extension ReferenceValue {
  /// The positions of the elements of each line along an axis, in row-major order of the lines.
  static func lines(_ shape: Shape, axis: Int) -> [[Int]] {
    var dims = shape.dims
    dims[axis] = 1
    return Shape(dims).coordinates.map { start in
      (0..<shape.dims[axis]).map { index in
        var place = start
        place[axis] = index
        return shape.position(place)
      }
    }
  }

  /// The places `0..<n` of a line in order: stable, NaN the largest.
  func order(of line: [Int], descending: Bool) -> [Int] {
    func isBefore(_ a: Int, _ b: Int) -> Bool {
      let (x, y) = (self[line[a]], self[line[b]])
      if x.isNaN || y.isNaN { return descending ? x.isNaN && !y.isNaN : !x.isNaN && y.isNaN }
      return descending ? x > y : x < y
    }
    return line.indices.sorted { isBefore($0, $1) || (!isBefore($1, $0) && $0 < $1) }
  }

  fileprivate func sorted(
    _ axis: Int, _ descending: Bool, _ types: [TensorType]
  ) -> [ReferenceValue] {
    var sources = Array(repeating: 0, count: types[0].count)
    var places = Array(repeating: Int64(0), count: types[0].count)
    let lines = ReferenceValue.lines(type.shape, axis: axis)
    for (line, target) in zip(lines, ReferenceValue.lines(types[0].shape, axis: axis)) {
      for (to, from) in zip(target, order(of: line, descending: descending)) {
        sources[to] = line[from]
        places[to] = Int64(from)
      }
    }
    return [picking(sources, as: types[0]), ReferenceValue(types[1], integers: places)]
  }
}

extension ArgReduce: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let places = ReferenceValue.lines(x.type.shape, axis: axis).map { line in
      if let first = line.firstIndex(where: { x[$0].isNaN }) { return Int64(first) }
      return Int64(x.order(of: line, descending: kind == .argmax)[0])
    }
    return [.init(types[0], integers: places)]
  }
}

extension CumulativeSum: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    var result = x
    for line in ReferenceValue.lines(x.type.shape, axis: axis) {
      var total = 0.0
      for place in isReversed ? line.reversed() : line {
        let next = total + x[place]
        let shown = isExclusive ? total : next
        if x.type.dtype.isFloating {
          result.floats[place] = shown
        } else {
          result.integers[place] = Int64(shown)
        }
        total = next
      }
    }
    return [result]
  }
}

extension Sort: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] { operands[0].sorted(axis, isDescending, types) }
}

extension TopK: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] { operands[0].sorted(axis, isLargest, types) }
}
