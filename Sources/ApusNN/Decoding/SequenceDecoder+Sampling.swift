import ApusCore

extension SequenceDecoder {
  /// Continues each prompt with the likeliest token, again and again; the first of equal ones.
  ///
  /// - Parameters:
  ///   - prompts: Tokens to start from, at least one each.
  ///   - endTokens: Tokens that close a sequence.
  /// - Throws: A refusal of the model or a filter; a token outside the vocabulary; logits that are
  ///   not numbers.
  /// - Returns: A sequence for each prompt.
  public func greedy(
    from prompts: [[Int]], maxNewTokens: Int,
    endTokens: [Int] = [], filters: [LogitsFilter] = [], file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> [DecodedSequence] {
    let request = DecodingRequest(
      operation: "greedy", prompts: prompts, state: state, memory: memory,
      maxNewTokens: maxNewTokens, endTokens: Set(endTokens), filters: filters,
      site: CallSite(file: file, line: line))
    return try continued(request, extra: { _ in [] }) { logits, _ in logits.argmax(axis: 1) }
  }

  /// Continues each prompt with tokens drawn by their probability after filters.
  ///
  /// The same key gives the same tokens on every device and number of threads, as far as logits
  /// agree; a row's draws depend on its place in the batch.
  ///
  /// - Parameters:
  ///   - filters: Temperature, top-k and so on, in the order they apply.
  ///   - key: Decides all draws.
  /// - Throws: As ``greedy(from:maxNewTokens:endTokens:filters:file:line:)``.
  /// - Source: Gumbel 1954 (the draw).
  public func sampled(
    from prompts: [[Int]], maxNewTokens: Int,
    endTokens: [Int] = [], filters: [LogitsFilter] = [], key: RandomKey, file: String = #fileID,
    line: Int = #line
  ) throws(TensorError) -> [DecodedSequence] {
    if let error = key.tensor.error { throw error }
    let request = DecodingRequest(
      operation: "sampled", prompts: prompts, state: state, memory: memory,
      maxNewTokens: maxNewTokens, endTokens: Set(endTokens), filters: filters,
      site: CallSite(file: file, line: line))
    let numbers: (Int) -> [Tensor] = { [key.tensor, Tensor([Int64($0)], shape: [])] }
    return try continued(request, extra: numbers) { logits, extra in
      .categorical(logits: logits, key: RandomKey(extra[0]).folding(in: extra[1]))
    }
  }

  /// Runs the step until every row is closed, appending what `choice` picks.
  private func continued(
    _ request: DecodingRequest, extra: (Int) -> [Tensor],
    choice: @escaping @Sendable (Tensor, [Tensor]) -> Tensor
  ) throws(TensorError) -> [DecodedSequence] {
    try request.check(self)
    var rows = request.prompts.map { ContinuedRow($0, request) }
    if rows.isEmpty { return [] }
    var plan = DecodingPlan(
      self, request, rows: rows.count, reordersRows: false, extraCount: extra(0).count
    ) { logits, extra in
      let next = choice(logits, extra)
      let logProbability = logits.logSoftmax(axis: 1).gatheredElements(
        next.expanded(at: 1), axis: 1)
      return [next, logProbability.squeezed(axes: [1])]
    }
    var step = 0
    while rows.contains(where: { $0.isOpen }) {
      let chosen = try plan.run(
        rows.map { $0.sequence(at: step) }, newTokenCounts: rows.map(\.newCount),
        extra: extra(step))
      let tokens = try chosen[0].scalars(as: Int32.self)
      let logProbabilities = try chosen[1].scalars(as: Double.self)
      for row in rows.indices where rows[row].isOpen && rows[row].isLast(step) {
        guard logProbabilities[row] > -.infinity else {
          throw request.error(
            "row \(row) has no next token after \(rows[row].newCount) new ones: "
              + "logits are not numbers, or filters left none")
        }
        rows[row].append(Int(tokens[row]), logProbabilities[row])
      }
      step += 1
    }
    return rows.map(\.result)
  }
}

/// A sequence while it is continued.
private struct ContinuedRow {
  private var tokens: [Int]
  private let promptCount: Int
  private let maxNewTokens: Int
  private let endTokens: Set<Int>
  private var logProbability = 0.0
  private var isFinished = false

  init(_ prompt: [Int], _ request: DecodingRequest) {
    tokens = prompt
    promptCount = prompt.count
    maxNewTokens = request.maxNewTokens
    endTokens = request.endTokens
  }

  var newCount: Int { tokens.count - promptCount }
  var isOpen: Bool { !isFinished && newCount < maxNewTokens }

  /// The tokens that the step has seen after it; a closed row repeats its last one.
  func sequence(at step: Int) -> ArraySlice<Int> { tokens.prefix(step + 1) }

  /// Whether the step sees the row's newest token.
  func isLast(_ step: Int) -> Bool { step == tokens.count - 1 }

  mutating func append(_ token: Int, _ logProbability: Double) {
    tokens.append(token)
    self.logProbability += logProbability
    isFinished = endTokens.contains(token)
  }

  var result: DecodedSequence {
    DecodedSequence(
      tokens: Array(tokens[promptCount...]), logProbability: logProbability,
      score: logProbability, isFinished: isFinished)
  }
}
