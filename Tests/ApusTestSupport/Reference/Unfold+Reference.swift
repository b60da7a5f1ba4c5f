import ApusCore

extension SlidingWindow {
  /// For every element of the windows `y[N, o…, k…, C]`, its place in `x[N, s…, C]`.
  fileprivate func places(_ x: TensorType, _ y: TensorType) -> [Int] {
    y.shape.coordinates.map { target in
      let window = Array(target[1...rank])
      let element = Array(target[(rank + 1)...(2 * rank)])
      return x.shape.position([target[0]] + source(window, element) + [target[2 * rank + 1]])
    }
  }
}

extension UnfoldWindows: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    [operands[0].picking(windows.places(operands[0].type, types[0]), as: types[0])]
  }
}

extension FoldWindows: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    var sums = Array(repeating: 0.0, count: types[0].count)
    for (from, to) in windows.places(types[0], operands[0].type).enumerated() {
      sums[to] += operands[0].floats[from]
    }
    return [.init(types[0], floats: sums)]
  }
}
