/// Returns the sums of products that an equation in Einstein's notation describes.
///
/// Every axis has a letter; letters missing from the result are summed over. A letter twice in one
/// operand takes its diagonal. `...` stands for broadcast axes; without `->` the result has the
/// letters that occur once, in alphabetic order.
///
/// ```swift
/// einsum("bik,bkj->bij", a, b)   // batched matrix product
/// einsum("ii", a)                // trace
/// einsum("i,j", a, b)            // outer product
/// ```
/// - Gradient: that of the transposes, reductions and matrix products it is written in.
/// - Source: NumPy `einsum`. Operands are multiplied from left to right.
public func einsum(
  _ equation: String, _ operands: Tensor..., file: String = #fileID, line: Int = #line
) -> Tensor {
  einsum(equation, operands, file: file, line: line)
}

/// Returns the sums of products that an equation in Einstein's notation describes.
public func einsum(
  _ equation: String, _ operands: [Tensor], file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return attempt("einsum", operands, at: site) { () throws(Violation) in
    let parsed = try EinsumEquation(equation, operands.map(\.type))
    guard let first = operands.first else { throw Violation("needs at least one operand") }
    try require(first.dtype.isNumeric, "needs a numeric dtype, not \(first.dtype)")
    for (index, operand) in operands.enumerated() {
      try require(
        operand.dtype == first.dtype,
        "dtypes differ: operand 0 is \(first.dtype), operand \(index) is \(operand.dtype)")
    }
    var terms = zip(operands, parsed.inputs).map { operand, labels in
      LabeledTensor(operand, labels).withDiagonals().fitted(to: parsed.extents)
    }
    var product = terms.removeFirst().keeping(parsed.needed(by: terms))
    while !terms.isEmpty {
      let next = terms.removeFirst()
      let needed = parsed.needed(by: terms)
      product = product.multiplied(
        by: next.keeping(needed.union(product.labels)), keeping: needed)
    }
    return product.ordered(as: parsed.output).tensor
  }
}

extension EinsumEquation {
  /// The labels that the result or one of the terms still uses.
  fileprivate func needed(by terms: [LabeledTensor]) -> Set<Int> {
    terms.reduce(into: Set(output)) { $0.formUnion($1.labels) }
  }
}

/// A tensor whose axes have names.
private struct LabeledTensor {
  var tensor: Tensor
  var labels: [Int]

  init(_ tensor: Tensor, _ labels: [Int]) {
    self.tensor = tensor
    self.labels = labels
  }

  /// Merges axes of equal label into their diagonal.
  func withDiagonals() -> LabeledTensor {
    for (place, label) in labels.enumerated() {
      guard let other = labels[(place + 1)...].firstIndex(of: label) else { continue }
      let rest = labels.indices.filter { $0 != place && $0 != other }
      let n = tensor.shape.dims[place]
      let square = tensor.transposed(permutation: rest + [place, other])
      let lead = rest.map { tensor.shape.dims[$0] }
      let diagonal = square.reshaped(to: Shape(lead + [n * n]))
        .sliced(axis: -1, 0..<(n * n), stride: n + 1)
      return LabeledTensor(diagonal, rest.map { labels[$0] } + [label]).withDiagonals()
    }
    return self
  }

  /// Broadcasts axes of the ellipsis that have extent 1 here and more elsewhere.
  func fitted(to extents: [Int: Int]) -> LabeledTensor {
    let dims = zip(labels, tensor.shape.dims).map { extents[$0, default: $1] }
    return LabeledTensor(tensor.broadcast(to: Shape(dims)), labels)
  }

  /// Sums over the axes whose labels nobody needs.
  func keeping(_ needed: Set<Int>) -> LabeledTensor {
    let axes = labels.indices.filter { !needed.contains(labels[$0]) }
    if axes.isEmpty { return self }
    return LabeledTensor(tensor.sum(axes: axes), labels.filter { needed.contains($0) })
  }

  func ordered(as order: [Int]) -> LabeledTensor {
    let permutation = order.compactMap { labels.firstIndex(of: $0) }
    return LabeledTensor(tensor.transposed(permutation: permutation), order)
  }

  private func extents(_ wanted: [Int]) -> [Int] {
    wanted.map { label in labels.firstIndex(of: label).map { tensor.shape.dims[$0] } ?? 1 }
  }

  /// Multiplies, and sums over shared labels nobody needs.
  func multiplied(by other: LabeledTensor, keeping needed: Set<Int>) -> LabeledTensor {
    let shared = labels.filter { other.labels.contains($0) }
    let summed = shared.filter { !needed.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let left = labels.filter { !shared.contains($0) }
    let right = other.labels.filter { !shared.contains($0) }
    let result = batch + left + right
    if summed.isEmpty {
      let a = ordered(as: batch + left).tensor
      let b = other.ordered(as: batch + right).tensor
      let ones = left.map { _ in 1 }
      let product =
        a.reshaped(to: Shape(extents(batch) + extents(left) + right.map { _ in 1 }))
        * b.reshaped(to: Shape(extents(batch) + ones + other.extents(right)))
      return LabeledTensor(product, result)
    }
    let inner = extents(summed).reduce(1, *)
    let rows = extents(left)
    let columns = other.extents(right)
    let a = ordered(as: batch + left + summed).tensor
      .reshaped(to: Shape(extents(batch) + [rows.reduce(1, *), inner]))
    let b = other.ordered(as: batch + summed + right).tensor
      .reshaped(to: Shape(extents(batch) + [inner, columns.reduce(1, *)]))
    let product = matmul(a, b).reshaped(to: Shape(extents(batch) + rows + columns))
    return LabeledTensor(product, result)
  }
}
