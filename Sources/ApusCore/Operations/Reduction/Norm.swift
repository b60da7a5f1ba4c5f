extension Tensor {
  /// Returns the p-norm of the elements over axes (all by default).
  ///
  ///     ‖x‖ₚ = (Σ |x|ᵖ)^(1/p)       // p = ∞: max |x|
  ///
  /// - Parameter order: `p`, positive; `.infinity` gives the largest magnitude.
  /// - Gradient: zero where the norm is zero; for `p = ∞` ties share it equally.
  public func norm(
    _ order: Double = 2, axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("norm", [self], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      try require(order > 0, "order \(order) is not positive")
      let axes = try shape.normalized(axes: axes)
      func total(_ x: Tensor) -> Tensor { x.reduced(.sum, axes, keepingAxes, site) }
      if order == 1 { return total(abs()) }
      if order == 2 { return total(square()).whereNotZero { $0.sqrt() } }
      if order == .infinity {
        let isEmpty = axes.contains { shape.dims[$0] == 0 }
        return isEmpty ? total(self) : abs().reduced(.maximum, axes, keepingAxes, site)
      }
      let powers = abs().whereNotZero { pow($0, order) }
      return total(powers).whereNotZero { pow($0, 1 / order) }
    }
  }
}
