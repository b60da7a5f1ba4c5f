import ApusCore

/// One product of a convolution: the positions of its three elements.
private struct Tap {
  let x: Int
  let w: Int
  let y: Int
}

extension ConvolutionGeometry {
  /// Calls `body` for every product of the convolution.
  fileprivate func forEachTap(
    _ x: TensorType, _ w: TensorType, _ y: TensorType, _ body: (Tap) -> Void
  ) {
    let perGroup = y[-1] / groups
    let filters = Shape(Array(w.dims.dropFirst())).coordinates
    for target in y.shape.coordinates {
      let output = target[target.count - 1]
      let group = output / Swift.max(perGroup, 1)
      for filter in filters {
        let source = windows.source(Array(target.dropFirst().dropLast()), Array(filter.dropFirst()))
        let extents = x.dims.dropFirst().dropLast()
        guard zip(source, extents).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
        let channel = group * w.dims[1] + filter[0]
        body(
          Tap(
            x: x.shape.position([target[0]] + source + [channel]),
            w: w.shape.position([output] + filter), y: y.shape.position(target)))
      }
    }
  }
}

extension SlidingWindow {
  /// The coordinate that a window's element covers; it may lie in the padding.
  func source(_ target: [Int], _ element: [Int]) -> [Int] {
    target.indices.map { target[$0] * stride[$0] + element[$0] * dilation[$0] - low[$0] }
  }
}

extension Convolution: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (x, w) = (operands[0], operands[1])
    var sums = Array(repeating: 0.0, count: types[0].count)
    geometry.forEachTap(x.type, w.type, types[0]) { sums[$0.y] += x.floats[$0.x] * w.floats[$0.w] }
    return [.init(types[0], floats: sums)]
  }
}

extension ConvolutionInputGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (dy, w) = (operands[0], operands[1])
    var sums = Array(repeating: 0.0, count: types[0].count)
    geometry.forEachTap(types[0], w.type, dy.type) {
      sums[$0.x] += dy.floats[$0.y] * w.floats[$0.w]
    }
    return [.init(types[0], floats: sums)]
  }
}

extension ConvolutionWeightGradient: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (x, dy) = (operands[0], operands[1])
    var sums = Array(repeating: 0.0, count: types[0].count)
    geometry.forEachTap(x.type, types[0], dy.type) {
      sums[$0.w] += x.floats[$0.x] * dy.floats[$0.y]
    }
    return [.init(types[0], floats: sums)]
  }
}
