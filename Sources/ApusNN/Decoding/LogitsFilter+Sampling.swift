import ApusCore

extension LogitsFilter {
  /// Divides logits: below 1 the likely becomes likelier, above 1 all become alike.
  ///
  ///     y = (x - max x) / t
  ///
  /// At 0 only the largest logit stays, the first of equal ones: greedy decoding.
  public static func temperature(_ t: Double) -> LogitsFilter {
    LogitsFilter("temperature(\(t))") { (x, _) throws(Violation) in
      try require(t >= 0 && t.isFinite, "temperature \(t) is not a finite number from 0")
      try requireTokens(x)
      // Beyond these bounds float32 would give 0/0 or ∞/∞ instead of the limit.
      if t < 1e-30 { return x.keeping(x.isFirstLargest) }
      return (x - x.max(axes: [1], keepingAxes: true)) / min(t, 1e30)
    }
  }

  /// Keeps the `k` largest logits; of equal ones at the border, those of smaller token numbers.
  ///
  /// - Source: Fan, Lewis, Dauphin 2018, "Hierarchical neural story generation".
  public static func topK(_ k: Int) -> LogitsFilter {
    LogitsFilter("topK(\(k))") { (x, _) throws(Violation) in
      try require(k > 0, "k \(k) is not positive")
      if k >= x.shape[1] { return x }
      let indices = x.topK(k, axis: 1).indices
      let all = Tensor(repeating: 1, shape: indices.shape, dtype: .bool)
      return x.keeping(x.mask(at: indices, where: all))
    }
  }

  /// Keeps the smallest set of tokens whose probability reaches `p`, the likeliest first; equal ones
  /// come in the order of their numbers.
  ///
  /// At least one token stays; the one that reaches `p` belongs to the set.
  /// - Source: Holtzman et al. 2020, "The curious case of neural text degeneration" (nucleus).
  public static func topP(_ p: Double) -> LogitsFilter {
    LogitsFilter("topP(\(p))") { (x, _) throws(Violation) in
      try require(p > 0 && p <= 1, "p \(p) is not above 0 and at most 1")
      if p == 1 || x.shape[1] == 0 { return x }
      let (values, indices) = x.topK(x.shape[1], axis: 1)
      let before = values.softmax(axis: 1).cumulativeSum(axis: 1, exclusive: true)
      return x.keeping(x.mask(at: indices, where: before .< p))
    }
  }

  /// Keeps tokens at least `p` times as likely as the likeliest.
  ///
  /// - Source: Nguyen et al. 2024, "Turning up the heat: min-p sampling".
  public static func minP(_ p: Double) -> LogitsFilter {
    LogitsFilter("minP(\(p))") { (x, _) throws(Violation) in
      try require(p >= 0 && p <= 1, "p \(p) is not in 0...1")
      try requireTokens(x)
      if p == 0 { return x }
      return x.keeping((x - x.max(axes: [1], keepingAxes: true)).exp() .>= p)
    }
  }
}

/// Refuses a vocabulary of no tokens.
func requireTokens(_ logits: Tensor) throws(Violation) {
  try require(logits.shape[1] > 0, "the vocabulary is empty")
}

extension Tensor {
  /// A mask of the largest element of each row `[N, V]`, the first of equal ones.
  fileprivate var isFirstLargest: Tensor {
    Tensor.iota(shape, axis: 1, dtype: .int32) .== argmax(axis: 1, keepingAxis: true)
  }
}
