extension Tensor {
  /// Returns the elements limited to `-limit...limit`.
  public func clipped(
    byValue limit: Double, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("clip", [self], at: site) { () throws(Violation) in
      try require(limit >= 0, "the limit \(limit) is negative")
      return clamped(to: -limit...limit, file: file, line: line)
    }
  }

  /// Returns the tensor scaled down to a 2-norm of at most `limit`.
  ///
  ///     y = x · limit / max(‖x‖, limit)
  public func clipped(
    byNorm limit: Double, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    clippedByGlobalNorm([self], limit, file: file, line: line).clipped[0]
  }
}

/// Returns the tensors scaled down together, so that the 2-norm over all their elements is at most
/// `limit`, and that norm before scaling.
///
///     g = √(Σ ‖xᵢ‖²);  yᵢ = xᵢ · limit / max(g, limit)
///
/// - Source: Pascanu, Mikolov, Bengio 2013, "On the difficulty of training recurrent neural
///   networks", algorithm 1.
public func clippedByGlobalNorm(
  _ tensors: [Tensor], _ limit: Double, file: String = #fileID, line: Int = #line
) -> (clipped: [Tensor], norm: Tensor) {
  let site = CallSite(file: file, line: line)
  let norm = attempt("clip", tensors, at: site) { () throws(Violation) in
    try require(limit > 0, "the limit \(limit) is not positive")
    for x in tensors {
      try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    }
    // 16-bit floats would overflow in the squares.
    let total = tensors.map { x in
      (x.dtype == .float64 ? x : x.converted(to: .float32)).square().sum()
    }
    let isWide = total.contains { $0.dtype == .float64 }
    let squares = isWide ? total.map { $0.converted(to: .float64) } : total
    return squares.dropFirst().reduce(squares.first ?? Tensor(0)) { $0 + $1 }
      .whereNotZero { $0.sqrt() }
  }
  if norm.error != nil { return (tensors.map { _ in norm }, norm) }
  if limit == .infinity { return (tensors, norm) }
  let scale = limit / maximum(norm, Tensor(limit, like: norm))
  return (tensors.map { $0 * scale.converted(to: $0.dtype) }, norm)
}
