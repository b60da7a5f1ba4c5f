extension Tensor {
  /// Returns the mean of each of `size` bins over the spatial axes, whatever their extents.
  ///
  /// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`; bins overlap where `B` does not
  /// divide `s`.
  /// - Shape: `x[N, s…, C] → y[N, size…, C]`.
  /// - Parameter size: One number per spatial axis, or one for all.
  public func adaptiveAveragePooled(
    to size: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("adaptiveAveragePool", [self], at: site) { () throws(Violation) in
      let windows = try SlidingWindow(pooling: type, to: size)
      return apply(AveragePool(windows, countsPadding: false), [self], at: site)
    }
  }

  /// Returns the largest element of each of `size` bins over the spatial axes.
  ///
  /// - Shape: `x[N, s…, C] → y[N, size…, C]`; bins as in ``adaptiveAveragePooled(to:file:line:)``.
  public func adaptiveMaxPooled(
    to size: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("adaptiveMaxPool", [self], at: site) { () throws(Violation) in
      apply(MaxPool(try SlidingWindow(pooling: type, to: size)), [self], at: site)
    }
  }
}
