import ApusCore

/// Continues sequences of tokens with a model that is called one token at a time.
///
/// The step receives the newest token of each row and the state, and returns logits of the next
/// token and the new state, of the same types. It is traced once; every token then runs one compiled
/// plan, which includes filters and the choice.
///
/// ```swift
/// let decoder = SequenceDecoder(state: [Tensor.zeros([1, 64])]) { tokens, state in
///   let (h, next) = cell(embedding(tokens), state)
///   return (logits: output(h), state: next)
/// }
/// let texts = try decoder.sampled(
///   from: [[start]], maxNewTokens: 100, endTokens: [end],
///   filters: [.temperature(0.8), .topP(0.95)], key: RandomKey(seed: 1))
/// ```
/// Prompts may differ in length: they are fed token by token, each row starting to generate where its
/// own prompt ends. Parameters are used with the values they have when decoding starts.
public struct SequenceDecoder: Sendable {
  /// Gives logits `[N, V]` for the newest tokens `[N]` (`int32`), the state, and a memory that stays
  /// as it is, such as what an encoder made of the source.
  public typealias Step =
    @Sendable (_ tokens: Tensor, _ state: [Tensor], _ memory: [Tensor]) -> (
      logits: Tensor, state: [Tensor]
    )

  let step: Step
  let state: [Tensor]
  let memory: [Tensor]
  private let batchAxes: [Int?]

  /// The longest continuation that is accepted, in tokens.
  public static let longestContinuation = 1 << 20

  /// Creates a decoder of a step with state and memory.
  ///
  /// - Parameters:
  ///   - state: What the step is given first.
  ///   - memory: What the step is given always; samples on axis 0.
  ///   - batchAxes: For each state tensor the axis that counts samples, or `nil` for one that all
  ///     samples share, such as a position; 0 where not listed.
  public init(
    state: [Tensor] = [], memory: [Tensor], batchAxes: [Int?] = [], step: @escaping Step
  ) {
    self.state = state
    self.memory = memory
    self.step = step
    self.batchAxes = batchAxes
  }

  /// Creates a decoder of a step with state.
  public init(
    state: [Tensor] = [], batchAxes: [Int?] = [],
    step:
      @escaping @Sendable (_ tokens: Tensor, _ state: [Tensor]) -> (
        logits: Tensor, state: [Tensor]
      )
  ) {
    self.init(state: state, memory: [], batchAxes: batchAxes) { tokens, state, _ in
      step(tokens, state)
    }
  }

  func axis(of state: Int) -> Int? {
    batchAxes.indices.contains(state) ? batchAxes[state] : 0
  }
}

/// What a call of a decoder asks for, checked before anything runs.
struct DecodingRequest: Sendable {
  let operation: String
  let prompts: [[Int]]
  var state: [Tensor]
  var memory: [Tensor]
  let maxNewTokens: Int
  let endTokens: Set<Int>
  let filters: [LogitsFilter]
  let site: CallSite

  func error(_ reason: String) -> TensorError {
    TensorError(operation: operation, reason: reason, site: site)
  }

  /// The largest token number that the caller wrote; -1 without any.
  var largestToken: Int { (prompts.joined().max()).map { max($0, endTokens.max() ?? -1) } ?? -1 }

  func check(_ decoder: SequenceDecoder) throws(TensorError) {
    guard (0...SequenceDecoder.longestContinuation).contains(maxNewTokens) else {
      throw error(
        "maxNewTokens \(maxNewTokens) is not in 0...\(SequenceDecoder.longestContinuation)")
    }
    for (row, prompt) in prompts.enumerated() where prompt.isEmpty {
      throw error("prompt \(row) is empty: it needs at least a start token")
    }
    let tokens = prompts.joined().lazy + Array(endTokens)
    if let wrong = tokens.first(where: { $0 < 0 || $0 >= Int(Int32.max) }) {
      throw error("token \(wrong) is not the number of a token")
    }
    for (index, tensor) in state.enumerated() {
      guard let axis = decoder.axis(of: index) else { continue }
      try check(tensor, axis: axis, "state \(index)")
    }
    for (index, tensor) in memory.enumerated() { try check(tensor, axis: 0, "memory \(index)") }
  }

  private func check(_ tensor: Tensor, axis: Int, _ name: String) throws(TensorError) {
    if let error = tensor.error { throw error }
    guard axis >= 0, axis < tensor.rank, tensor.shape[axis] == prompts.count else {
      throw error(
        "axis \(axis) of \(name), \(tensor.type), does not count \(prompts.count) prompts")
    }
  }

  /// Repeats every sample `width` times, for as many beams.
  func repeated(_ width: Int, _ decoder: SequenceDecoder) -> DecodingRequest {
    var copy = self
    copy.state = state.enumerated().map { index, tensor in
      decoder.axis(of: index).map { tensor.repeated(width, axis: $0) } ?? tensor
    }
    copy.memory = memory.map { $0.repeated(width, axis: 0) }
    return copy
  }
}
