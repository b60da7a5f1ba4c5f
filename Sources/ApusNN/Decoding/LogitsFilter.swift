import ApusCore

/// A change of next-token logits before a token is chosen: a pure function of tensors.
///
/// Filters apply in the order they are given. A token is excluded by the logit `-∞`.
///
/// ```swift
/// let nucleus: [LogitsFilter] = [.temperature(0.8), .topP(0.95)]
/// let logits = LogitsFilter.topK(40)(model(x))
/// ```
public struct LogitsFilter: Sendable, CustomStringConvertible {
  public let description: String
  /// Whether the rule looks at the tokens so far; decoding then carries them along.
  public let needsHistory: Bool
  private let rule: Rule

  /// Returns new logits `[N, V]` for logits of that shape and what was generated before.
  public typealias Rule = @Sendable (Tensor, DecodingProgress) throws(Violation) -> Tensor

  /// Creates a filter of one's own.
  ///
  /// - Parameter rule: Runs inside a compiled step; a `Violation` it throws becomes an error.
  public init(_ description: String, needsHistory: Bool = false, _ rule: @escaping Rule) {
    self.description = description
    self.needsHistory = needsHistory
    self.rule = rule
  }

  /// Returns the filtered logits.
  ///
  /// - Shape: `logits[N, V] → y[N, V]`; floating.
  public func callAsFunction(
    _ logits: Tensor, progress: DecodingProgress = DecodingProgress(), file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let operands = [logits] + progress.tensors
    let site = CallSite(file: file, line: line)
    return attempt(description, operands, at: site) { () throws(Violation) in
      try require(
        logits.rank == 2 && logits.dtype.isFloating,
        "logits are floating [samples, vocabulary], not \(logits.type)")
      try progress.check(rows: logits.shape[0], needsHistory: needsHistory)
      let filtered = try rule(logits, progress)
      guard let error = filtered.error else { return filtered }
      // Told at the caller's place, not at the line of a rule.
      return Tensor(
        error: TensorError(
          operation: error.operation, reason: error.reason, operands: error.operands,
          layerPath: error.layerPath, site: site))
    }
  }
}

/// What a filter may look at besides the logits.
public struct DecodingProgress: Sendable {
  /// The tokens so far, prompt included, `int32 [N, T]`: each row ends in the newest token and starts
  /// with as many `-1` as it is shorter.
  public var history: Tensor?
  /// How many tokens each row has generated, `int32 [N]`.
  public var newTokenCount: Tensor?

  public init(history: Tensor? = nil, newTokenCount: Tensor? = nil) {
    self.history = history
    self.newTokenCount = newTokenCount
  }

  var tensors: [Tensor] { [history, newTokenCount].compactMap { $0 } }

  func check(rows: Int, needsHistory: Bool) throws(Violation) {
    if let history {
      try require(
        history.dtype == .int32 && history.rank == 2 && history.shape[0] == rows,
        "the history is i32[\(rows), length], not \(history.type)")
    }
    try require(history != nil || !needsHistory, "needs the tokens so far")
    if let newTokenCount {
      try require(
        newTokenCount.type == TensorType(.int32, [rows]),
        "the counts of new tokens are i32[\(rows)], not \(newTokenCount.type)")
    }
  }
}

extension Tensor {
  /// The logits with `-∞` where `kept` does not hold.
  func keeping(_ kept: Tensor) -> Tensor { self.where(kept, else: Tensor(-.infinity, like: self)) }

  /// A mask of the shape of `self[N, V]` that holds where `indices[N, K]` point and `flags[N, K]`
  /// hold; places named by several indices hold if any flag does.
  func mask(at indices: Tensor, where flags: Tensor) -> Tensor {
    let none = Tensor.zeros(shape, dtype: .int32)
    return none.scatteringAddElements(flags.converted(to: .int32), at: indices, axis: 1) .> 0
  }
}
