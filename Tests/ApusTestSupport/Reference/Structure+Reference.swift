import ApusCore

extension Constant: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    types[0].dtype.isFloating
      ? [.init(types[0], floats: Array(repeating: value.asDouble, count: types[0].count))]
      : [.init(types[0], integers: Array(repeating: value.asInt64, count: types[0].count))]
  }
}

extension Iota: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let places = types[0].shape.coordinates.map { $0[axis] }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: places.map { Double($0) })]
      : [.init(types[0], integers: places.map { Int64($0) })]
  }
}

extension Convert: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    if types[0].dtype.isFloating {
      return [.init(types[0], floats: (0..<x.type.count).map { x[$0] })]
    }
    if !x.type.dtype.isFloating { return [.init(types[0], integers: x.integers)] }
    let scalar = types[0].dtype.scalarType
    return [.init(types[0], integers: x.floats.map { scalar.init(lossy: $0).asInt64 })]
  }
}

extension Select: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (a, b) = (operands[1], operands[2])
    let chosen = operands[0].integers.enumerated().map { ($0, $1 != 0 ? a : b) }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: chosen.map { $1.floats[$0] })]
      : [.init(types[0], integers: chosen.map { $1.integers[$0] })]
  }
}

extension StopGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] { operands }
}

extension CustomGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] { Array(operands.prefix(types.count)) }
}

extension RecomputeBarrier: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] { Array(operands.prefix(types.count)) }
}

extension Reshape: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    [operands[0].picking(Array(0..<types[0].count), as: types[0])]
  }
}

/// A change of view: says where each element of the result comes from.
protocol ReferenceView: ReferenceRule {
  func source(_ coordinate: [Int], _ x: Shape) -> [Int]
}

extension ReferenceView {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0].type.shape
    let places = types[0].shape.coordinates.map { x.position(source($0, x)) }
    return [operands[0].picking(places, as: types[0])]
  }
}

extension Broadcast: ReferenceView {
  func source(_ coordinate: [Int], _ x: Shape) -> [Int] {
    zip(coordinate.suffix(x.rank), x.dims).map { $1 == 1 ? 0 : $0 }
  }
}

extension Transpose: ReferenceView {
  func source(_ coordinate: [Int], _ x: Shape) -> [Int] {
    var place = coordinate
    for (index, axis) in permutation.enumerated() { place[axis] = coordinate[index] }
    return place
  }
}

extension Reverse: ReferenceView {
  func source(_ coordinate: [Int], _ x: Shape) -> [Int] {
    coordinate.indices.map { axes.contains($0) ? x.dims[$0] - 1 - coordinate[$0] : coordinate[$0] }
  }
}

extension Slice: ReferenceView {
  func source(_ coordinate: [Int], _ x: Shape) -> [Int] {
    coordinate.indices.map { starts[$0] + coordinate[$0] * strides[$0] }
  }
}

extension Pad: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let sources: [Int?] = types[0].shape.coordinates.map { coordinate in
      var place: [Int] = []
      for axis in coordinate.indices {
        let offset = coordinate[axis] - low[axis]
        let step = interior[axis] + 1
        if offset < 0 || offset % step != 0 || offset / step >= x.type.dims[axis] { return nil }
        place.append(offset / step)
      }
      return x.type.shape.position(place)
    }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: sources.map { $0.map { x.floats[$0] } ?? value.asDouble })]
      : [.init(types[0], integers: sources.map { $0.map { x.integers[$0] } ?? value.asInt64 })]
  }
}

extension Concatenate: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let axis = axis < 0 ? axis + types[0].rank : axis
    let found = types[0].shape.coordinates.map { coordinate in
      var place = coordinate
      var index = 0
      while place[axis] >= operands[index].type.dims[axis] {
        place[axis] -= operands[index].type.dims[axis]
        index += 1
      }
      return (operands[index], operands[index].type.shape.position(place))
    }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: found.map { $0.floats[$1] })]
      : [.init(types[0], integers: found.map { $0.integers[$1] })]
  }
}
