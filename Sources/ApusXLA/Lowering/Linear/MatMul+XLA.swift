import ApusCore

extension MatMul: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = ProductAxes(call.operands[0].dims, call.operands[1].dims)
    let a = builder.reshape(call.operands[0], axes.a)
    let b = builder.reshape(call.operands[1], axes.b)
    let product = builder.dotGeneral(
      a, b, batch: axes.batch, contracting: ([a.rank - 1], [b.rank - 2]))
    let turned = builder.transpose(product, axes.order)
    return [builder.reshape(turned, call.result.dims)]
  }
}

/// Which axes of a product of matrices are what, so that nothing is broadcast: a batch axis that one
/// operand lacks is one more axis of rows or columns of the other.
private struct ProductAxes {
  /// The operands' extents without axes of 1 that the other spreads over.
  var a: [Int] = []
  var b: [Int] = []
  var batch: (a: [Int], b: [Int]) = ([], [])
  /// Where each axis of the result lies in the product.
  var order: [Int] = []

  init(_ left: [Int], _ right: [Int]) {
    let count = max(left.count, right.count) - 2
    var (shared, rows, columns): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<count {
      let (own, other) = (axis - count + left.count - 2, axis - count + right.count - 2)
      let (m, n) = (own < 0 ? nil : left[own], other < 0 ? nil : right[other])
      if let m, m == n {
        batch.a.append(a.count)
        batch.b.append(b.count)
        shared.append(axis)
        a.append(m)
        b.append(m)
      } else if let m, n == nil || n == 1 {
        rows.append(axis)
        a.append(m)
      } else if let n {
        columns.append(axis)
        b.append(n)
      }
    }
    a += left.suffix(2)
    b += right.suffix(2)
    let found = shared + rows + [count] + columns + [count + 1]
    order = (0..<(count + 2)).map { axis in found.firstIndex(of: axis) ?? axis }
  }
}
