import ApusCore

/// The compiled step of a decoder: model, filters and choice as one plan, run once a token.
struct DecodingPlan {
  /// Chooses from filtered logits `[R, V]`, `extra` being what ``run`` was given under that name.
  typealias Choice = @Sendable (_ logits: Tensor, _ extra: [Tensor]) -> [Tensor]

  private let function: CompiledFunction
  private let keepsHistory: Bool
  private let reordersRows: Bool
  private let memory: [Tensor]
  private var state: [Tensor]

  /// - Parameters:
  ///   - rows: How many sequences run side by side.
  ///   - extraCount: How many tensors the choice wants in every step.
  init(
    _ decoder: SequenceDecoder, _ request: DecodingRequest, rows: Int, reordersRows: Bool,
    extraCount: Int, choice: @escaping Choice
  ) {
    let keepsHistory = request.filters.contains { $0.needsHistory }
    let stateCount = request.state.count
    self.keepsHistory = keepsHistory
    self.reordersRows = reordersRows
    state = request.state
    memory = request.memory
    function = compile { arguments in
      var rest = arguments[...]
      let tokens = rest.removeFirst()
      var progress = DecodingProgress(newTokenCount: rest.removeFirst())
      let parents = reordersRows ? rest.removeFirst() : nil
      if keepsHistory { progress.history = rest.removeFirst() }
      let extra = Array(rest.prefix(extraCount))
      let carried = Array(rest.dropFirst(extraCount).prefix(stateCount))
      let memory = Array(rest.dropFirst(extraCount + stateCount))
      let state = carried.enumerated().map { index, tensor in
        guard let parents, let axis = decoder.axis(of: index) else { return tensor }
        return tensor.gathered(parents, axis: axis)
      }
      let (logits, next) = decoder.step(tokens, state, memory)
      if let error = ([logits] + next).compactMap(\.error).first { return [Tensor(error: error)] }
      do throws(Violation) {
        try request.check(logits, rows: rows, next, carried)
      } catch {
        let name = request.operation
        return [
          Tensor(error: refusal(of: name, [logits], error, names: ["logits"], at: request.site))
        ]
      }
      let wide = logits.dtype.byteCount < 4 ? logits.converted(to: .float32) : logits
      let filtered = request.filters.reduce(wide) {
        $1($0, progress: progress, file: request.site.file, line: request.site.line)
      }
      return choice(filtered, extra) + next
    }
  }

  /// Runs a step and returns what was chosen.
  ///
  /// - Parameters:
  ///   - sequences: The tokens of each row up to the newest, prompt included.
  ///   - newTokenCounts: How many of them were generated.
  ///   - parents: The row whose state each row goes on with.
  mutating func run(
    _ sequences: [ArraySlice<Int>], newTokenCounts: [Int], parents: [Int] = [],
    extra: [Tensor] = []
  ) throws(TensorError) -> [Tensor] {
    var arguments = [
      Self.integers(sequences.map { $0.last ?? 0 }), Self.integers(newTokenCounts),
    ]
    if reordersRows { arguments.append(Self.integers(parents)) }
    if keepsHistory { arguments.append(Self.history(sequences)) }
    let results = try function(arguments + extra + state + memory)
    let chosen = results.count - state.count
    state = Array(results[chosen...])
    return Array(results[..<chosen])
  }

  /// How often the step was traced: once, and again whenever the history outgrows its room.
  var traceCount: Int { function.traceCount }

  private static func integers(_ values: [Int]) -> Tensor {
    Tensor(values.map { Int32(clamping: $0) })
  }

  /// The sequences, right-aligned in a table whose width is a power of two, so that few plans do.
  private static func history(_ sequences: [ArraySlice<Int>]) -> Tensor {
    let longest = sequences.map(\.count).max() ?? 0
    var width = 32
    while width < longest { width *= 2 }
    var table: [Int32] = []
    table.reserveCapacity(width * sequences.count)
    for sequence in sequences {
      table += repeatElement(-1, count: width - sequence.count)
      table += sequence.map { Int32(clamping: $0) }
    }
    return Tensor(table, shape: [sequences.count, width])
  }
}

extension DecodingRequest {
  /// Refuses a step whose results do not fit what it was given.
  fileprivate func check(
    _ logits: Tensor, rows: Int, _ next: [Tensor], _ state: [Tensor]
  ) throws(Violation) {
    try require(
      logits.rank == 2 && logits.dtype.isFloating && logits.shape[0] == rows,
      "the step gives logits of \(logits.type), not floating [\(rows), vocabulary]")
    try requireTokens(logits)
    try require(
      largestToken < logits.shape[1],
      "token \(largestToken) is not in the vocabulary 0..<\(logits.shape[1])")
    try require(
      next.count == state.count,
      "the step returns \(next.count) state tensors, was given \(state.count)")
    for (index, (new, old)) in zip(next, state).enumerated() {
      try require(
        new.type == old.type,
        "the step changes state \(index) from \(old.type) to \(new.type): shapes must stay")
    }
  }
}
