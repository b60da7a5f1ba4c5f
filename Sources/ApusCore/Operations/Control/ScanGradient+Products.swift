/// Taking products out of a backward loop.
///
/// The gradient of a matrix that every step uses is a sum over steps of `aᵀ·b`. Rows of all steps under
/// each other make it one product after the loop, instead of one in each step and a pass that adds it
/// up.
extension Scan {
  /// A term `Σ_t rebuild(aₜ · bₜ)` of an invariant's gradient, with `rows` holding the transpose of `a`.
  struct Product {
    /// `[K, M]` and `[K, N]` of one step.
    var rows: Tensor
    var columns: Tensor
    /// Changes of view between the product and the gradient, outermost first.
    var views: [any Operation] = []

    /// The sum over steps, from the stacked factors `[T, K, M]` and `[T, K, N]`.
    func total(_ rows: Tensor, _ columns: Tensor) -> Tensor {
      let product = matmul(Self.flat(rows).matrixTransposed(), Self.flat(columns))
      return views.reversed().reduce(product) { ApusCore.apply($1, [$0]) }
    }

    private static func flat(_ stacked: Tensor) -> Tensor {
      let count = stacked.shape[0].timesClamped(stacked.shape[1])
      return stacked.reshaped(to: [count, stacked.shape[2]])
    }
  }

  /// Splits a gradient into products worth taking out and the sum of what is left.
  static func split(_ part: Tensor) -> (products: [Product], rest: Tensor?) {
    var terms = [part]
    var products: [Product] = []
    var rest: [Tensor] = []
    var visits = 0
    while let term = terms.popLast() {
      visits += 1
      // A sum shared by sums has more terms than nodes: it stays as it is.
      if visits > 64 { return ([], part) }
      if term.node.operation.isAddition {
        terms += term.node.operands
      } else if let product = product(term) {
        products.append(product)
      } else {
        rest.append(term)
      }
    }
    if products.isEmpty { return ([], part) }
    return (products, rest.dropFirst().reduce(rest.first) { sum, next in sum.map { $0 + next } })
  }

  private static func product(_ part: Tensor) -> Product? {
    var (place, views) = (part, [any Operation]())
    while place.node.operation is Transpose || place.node.operation is Reshape {
      views.append(place.node.operation)
      place = place.node.operands[0]
    }
    guard place.node.operation is MatMul else { return nil }
    let (a, b) = (place.node.operands[0], place.node.operands[1])
    guard a.rank == 2, b.rank == 2 else { return nil }
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    // Keeping the factors must not take more memory than adding up the products touches.
    guard k > 0, k.timesClamped(m.plusClamped(n)) <= m.timesClamped(n) else { return nil }
    let isSwapped = (a.node.operation as? Transpose)?.permutation == [1, 0]
    let rows = isSwapped ? a.node.operands[0] : a.matrixTransposed()
    return Product(rows: rows, columns: b, views: views)
  }
}

extension Operation {
  fileprivate var isAddition: Bool { (self as? BinaryOperation)?.name == BinaryOperation.add.name }
}
