extension Tensor {
  /// Returns the `p`-norm of each window: `y = (Σ xᵖ)^(1/p)`.
  ///
  /// `p` = 1 gives sums, `p` → ∞ the largest element. Where the sum is negative, as it can be for odd
  /// `p`, the root is `−|Σ|^(1/p)`; negative elements give NaN for a `p` that is not whole.
  /// - Shape: `x[N, s…, C] → y[N, o…, C]`; windows as in
  ///   ``maxPooled(window:stride:padding:dilation:ceilMode:file:line:)``. With `ceilMode`, the sum of a
  ///   window that ends outside is scaled up to a whole one's.
  /// - Gradient: 0 where the sum is 0.
  /// - Source: Sermanet, Chintala and LeCun 2012, section 2.2; PyTorch, `LPPool2d`.
  public func lpPooled(
    p: Double, window: [Int], stride: [Int]? = nil, ceilMode: Bool = false,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("lpPool", [self], at: site) { () throws(Violation) in
      try require(p > 0 && p.isFinite, "p \(p) is not a positive number")
      let windows = try SlidingWindow(
        pooling: type, window: window, stride: stride, padding: .valid, roundsUp: ceilMode)
      let powers = p == 1 ? self : p == 2 ? square() : pow(self, p)
      let mean = apply(AveragePool(windows, countsPadding: true), [powers], at: site)
      let sum = mean * windows.window.reduce(1.0) { $0 * Double($1) }
      if p == 1 { return sum }
      // The root's slope is infinite at 0, where it must not meet a gradient.
      let isZero = sum .== 0
      let size = Tensor(1, like: sum).where(isZero, else: sum.abs())
      let root = p == 2 ? size.sqrt() : pow(size, 1 / p)
      return (sum.sign() * root).where(.!isZero, else: Tensor(0, like: sum))
    }
  }
}
