import ApusCore

extension MatMul: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (a, b) = (operands[0], operands[1])
    let inner = a.type[-1]
    func place(_ batch: [Int], _ x: TensorType, _ row: Int, _ column: Int) -> Int {
      let own = zip(batch.suffix(x.rank - 2), x.dims).map { $1 == 1 ? 0 : $0 }
      return x.shape.position(own + [row, column])
    }
    var floats: [Double] = []
    var integers: [Int64] = []
    for coordinate in types[0].shape.coordinates {
      let batch = Array(coordinate.dropLast(2))
      let (m, n) = (coordinate[coordinate.count - 2], coordinate[coordinate.count - 1])
      let pairs = (0..<inner).map { (place(batch, a.type, m, $0), place(batch, b.type, $0, n)) }
      if types[0].dtype.isFloating {
        floats.append(pairs.reduce(0) { $0 + a.floats[$1.0] * b.floats[$1.1] })
      } else {
        integers.append(pairs.reduce(0) { $0 &+ a.integers[$1.0] &* b.integers[$1.1] })
      }
    }
    return types[0].dtype.isFloating
      ? [.init(types[0], floats: floats)] : [.init(types[0], integers: integers)]
  }
}
