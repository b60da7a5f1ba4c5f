extension Tensor {
  /// Returns the variance over axes (all by default): the mean square distance from the mean.
  ///
  ///     var(x) = Σ (x - mean(x))² / n          // unbiased: / (n - 1)
  ///
  /// NaN over no elements, and over one element when unbiased.
  public func variance(
    axes: [Int]? = nil, unbiased: Bool = false, keepingAxes: Bool = false, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("variance", [self], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      let count = try shape.normalized(axes: axes).reduce(1) { $0 * shape.dims[$1] }
      let centered = self - mean(axes: axes, keepingAxes: true)
      let total = centered.square().reduced(.sum, axes, keepingAxes, site)
      return total / Double(unbiased ? Swift.max(count - 1, 0) : count)
    }
  }

  /// Returns the standard deviation over axes (all by default): the root of the variance.
  ///
  /// - Gradient: zero where all elements are equal.
  public func standardDeviation(
    axes: [Int]? = nil, unbiased: Bool = false, keepingAxes: Bool = false, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("standardDeviation", [self], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      _ = try shape.normalized(axes: axes)
      return variance(axes: axes, unbiased: unbiased, keepingAxes: keepingAxes)
        .whereNotZero { $0.sqrt() }
    }
  }

  /// Returns `body(x)`, but 0 with gradient 0 where `x` is 0: for functions steep at 0.
  package func whereNotZero(_ body: (Tensor) -> Tensor) -> Tensor {
    let isZero = self .== 0
    let safe = Tensor(1, like: self).where(isZero, else: self)
    return Tensor(0, like: self).where(isZero, else: body(safe))
  }
}
