extension Tensor {
  /// Returns random `bool`s that are true with probability `p`.
  ///
  /// - Shape: that of `p`, a floating tensor.
  public static func bernoulli(
    _ p: Tensor, key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("bernoulli", [p, key.tensor], at: site) { () throws(Violation) in
      let u = try unit(p.shape, p.dtype, key, site)
      return u .< p.converted(to: u.dtype)
    }
  }

  /// Returns random `bool`s that are true with probability `p`.
  public static func bernoulli(
    _ p: Double, shape: Shape, key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("bernoulli", [key.tensor], at: site) { () throws(Violation) in
      try require(p >= 0 && p <= 1, "the probability \(p) is not between 0 and 1")
      return try unit(shape, .float32, key, site) .< p
    }
  }

  /// Returns random indices into the last axis of `logits`, each drawn with probability
  /// `softmax(logits)`.
  ///
  ///     y = argmax(logits - log(-log u)),   u uniform in [0, 1)
  ///
  /// - Shape: `logits[…, K] → y[…]`, or `y[samples, …]`; `int32`.
  /// - Source: Gumbel 1954; Maddison, Tarlow, Minka 2014, "A* sampling".
  public static func categorical(
    logits: Tensor, samples: Int? = nil, key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("categorical", [logits, key.tensor], at: site) { () throws(Violation) in
      try require(logits.rank > 0, "needs rank 1 or more, has 0")
      try require(logits.shape[-1] > 0, "the last axis is empty: there is nothing to draw from")
      let leading = samples.map { [$0] } ?? []
      let u = try unit(Shape(leading + logits.shape.dims), logits.dtype, key, site)
      // The middle of the lowest cell instead of its end, whose noise of -∞ would exclude what is
      // possible and draw what `logits` of -∞ exclude.
      let lowest = Tensor(u.dtype == .float64 ? 0x1p-54 : 0x1p-25, like: u)
      let gumbel = -(-maximum(u, lowest).log()).log()
      return (logits.converted(to: u.dtype) + gumbel).argmax(axis: -1)
    }
  }

  /// Returns the numbers `0, 1, …, count - 1` in random order.
  ///
  /// Sorts 64 random bits per number: two are equal, and stay in order, with probability below
  /// `count² · 2⁻⁶⁵`.
  /// - Shape: `[count]`, `int32`.
  public static func permutation(
    _ count: Int, key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return apply(RandomBits(type: TensorType(.int64, [count])), [key.tensor], at: site)
      .argsorted(axis: 0, file: file, line: line)
  }
}
