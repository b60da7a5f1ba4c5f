import ApusCore

/// For each position of the slices or elements that indices name, the position in the tensor.
private func places(
  _ name: String, _ indices: ReferenceValue, into x: Shape, axis: Int, single: Bool,
  fromEnd: Bool = true
) throws(TensorError) -> [Int] {
  func index(_ position: Int) throws(TensorError) -> Int {
    let value = indices.integers[position]
    let place = value < 0 && fromEnd ? value + Int64(x.dims[axis]) : value
    guard place >= 0 && place < Int64(x.dims[axis]) else {
      throw TensorError(
        operation: name,
        reason: "index \(value) is out of range for axis \(axis) with extent \(x.dims[axis])")
    }
    return Int(place)
  }
  var result: [Int] = []
  if single {
    for (position, coordinate) in indices.type.shape.coordinates.enumerated() {
      var place = coordinate
      place[axis] = try index(position)
      result.append(x.position(place))
    }
    return result
  }
  let inner = axis + indices.type.rank
  let all = Shape(Array(x.dims[..<axis]) + indices.type.dims + Array(x.dims[(axis + 1)...]))
  for coordinate in all.coordinates {
    let place = try index(indices.type.shape.position(Array(coordinate[axis..<inner])))
    result.append(
      x.position(Array(coordinate[..<axis]) + [place] + Array(coordinate[inner...])))
  }
  return result
}

private func added(
  _ base: ReferenceValue, _ updates: ReferenceValue, _ places: [Int]
) -> ReferenceValue {
  var result = base
  for (from, to) in places.enumerated() {
    if base.type.dtype.isFloating {
      result.floats[to] += updates.floats[from]
    } else {
      result.integers[to] &+= updates.integers[from]
    }
  }
  return result
}

extension Gather: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let from = try places(name, operands[1], into: x.type.shape, axis: axis, single: false)
    return [x.picking(from, as: types[0])]
  }
}

extension GatherElements: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    let from = try places(
      name, operands[1], into: x.type.shape, axis: axis, single: true, fromEnd: countsFromEnd)
    return [x.picking(from, as: types[0])]
  }
}

extension ScatterAdd: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let base = operands[0]
    let to = try places(name, operands[1], into: base.type.shape, axis: axis, single: false)
    return [added(base, operands[2], to)]
  }
}

extension ScatterAddElements: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let base = operands[0]
    let to = try places(
      name, operands[1], into: base.type.shape, axis: axis, single: true, fromEnd: countsFromEnd)
    return [added(base, operands[2], to)]
  }
}

extension OneHot: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    var row: [Double] = []
    for label in operands[0].integers {
      guard label >= 0 && label < Int64(depth) else {
        throw TensorError(operation: name, reason: "label \(label) is outside 0..<\(depth)")
      }
      row += (0..<depth).map { $0 == Int(label) ? 1 : 0 }
    }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: row)] : [.init(types[0], integers: row.map { Int64($0) })]
  }
}
