extension Tensor {
  /// Returns `log Σ eˣ` over axes (all by default), without overflow; `-inf` over no elements.
  ///
  ///     m = max(x);  y = m + log Σ e^(x - m)
  ///
  /// - Gradient: `dy · softmax(x)`.
  public func logSumExp(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("logSumExp", [self], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      let axes = try shape.normalized(axes: axes)
      if axes.isEmpty { return self }
      if axes.contains(where: { shape.dims[$0] == 0 }) {
        return reduced(.sum, axes, keepingAxes, site).log()
      }
      // The value does not depend on the shift, so no gradient has to flow through it.
      let largest = stoppingGradient().max(axes: axes, keepingAxes: true)
      let shift = largest.where(largest.isFinite(), else: Tensor(0, like: largest))
      let total = (self - shift).exp().sum(axes: axes, keepingAxes: true)
      let y = total.log() + shift
      return keepingAxes ? y : y.squeezed(axes: axes)
    }
  }
}
