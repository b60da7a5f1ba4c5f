import ApusCore

extension LogitsFilter {
  /// Makes tokens that stand in the prompt or were generated less likely, for penalties above 1.
  ///
  ///     y = x / penalty where x > 0, else x · penalty        // for tokens in the history
  ///
  /// - Source: Keskar et al. 2019, "CTRL", section 4.1; for negative logits as commonly mended.
  public static func repetitionPenalty(_ penalty: Double) -> LogitsFilter {
    LogitsFilter("repetitionPenalty(\(penalty))", needsHistory: true) {
      (x, progress) throws(Violation) in
      try require(
        penalty > 0 && penalty.isFinite, "the penalty \(penalty) is not positive and finite")
      guard let history = progress.history else { return x }
      let penalized = (x / penalty).where(x .> 0, else: x * penalty)
      return penalized.where(x.isNamed(in: history), else: x)
    }
  }

  /// Excludes tokens that would repeat a run of `n` tokens of the history.
  ///
  /// - Source: Paulus, Xiong, Socher 2018, "A deep reinforced model for abstractive summarization",
  ///   section 2.5.
  public static func noRepeatedRuns(of n: Int) -> LogitsFilter {
    LogitsFilter("noRepeatedRuns(of: \(n))", needsHistory: true) {
      (x, progress) throws(Violation) in
      try require(n > 0, "runs of \(n) tokens are not of positive length")
      guard let history = progress.history, n <= history.shape[1] else { return x }
      let starts = history.shape[1] - n + 1
      var banned = Tensor(
        repeating: 1, shape: [history.shape[0], starts], dtype: .bool)
      // The newest n - 1 tokens against those before each place.
      for offset in 0..<(n - 1) {
        let newest = history.sliced(axis: 1, starts + offset..<starts + offset + 1)
        let window = history.sliced(axis: 1, offset..<starts + offset)
        banned = banned .& (window .== newest) .& (newest .>= 0)
      }
      let ends = history.sliced(axis: 1, n - 1..<starts + n - 1)
      let places = ends.where(ends .>= 0, else: Tensor(0, like: ends))
      return x.keeping(.!x.mask(at: places, where: banned .& (ends .>= 0)))
    }
  }

  /// Excludes the end tokens until `count` tokens were generated.
  public static func minNewTokens(_ count: Int, endTokens: [Int]) -> LogitsFilter {
    LogitsFilter("minNewTokens(\(count))") { (x, progress) throws(Violation) in
      try require(count >= 0, "\(count) new tokens are a negative number")
      let ends = try x.isToken(in: endTokens)
      guard let made = progress.newTokenCount else {
        throw Violation("needs the counts of new tokens")
      }
      let limit = Tensor(integer: Int64(count))
      let isShort = made.converted(to: .int64) .< limit
      return x.keeping(.!(isShort.expanded(at: 1) .& ends))
    }
  }

  /// Excludes tokens always.
  public static func excluding(_ tokens: [Int]) -> LogitsFilter {
    LogitsFilter("excluding(\(tokens.count) tokens)") { (x, _) throws(Violation) in
      x.keeping(.!(try x.isToken(in: tokens)))
    }
  }
}

extension Tensor {
  /// A mask `[1, V]` of the tokens listed, for logits `[N, V]`.
  fileprivate func isToken(in tokens: [Int]) throws(Violation) -> Tensor {
    let count = shape[1]
    for token in tokens {
      try require(
        token >= 0 && token < count, "token \(token) is not in the vocabulary 0..<\(count)")
    }
    let row = Tensor.zeros([1, count], dtype: .int32)
    let places = Tensor(tokens.map { Int32(clamping: $0) }, shape: [1, tokens.count])
    return row.mask(at: places, where: Tensor(repeating: 1, shape: places.shape, dtype: .bool))
  }

  /// A mask of the shape of logits `[N, V]`: whether the token stands in the row of the history.
  fileprivate func isNamed(in history: Tensor) -> Tensor {
    let isToken = history .>= 0
    let places = history.where(isToken, else: Tensor(0, like: history))
    return mask(at: places, where: isToken)
  }
}
