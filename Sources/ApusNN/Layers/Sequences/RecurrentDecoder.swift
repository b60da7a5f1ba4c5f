import ApusCore

/// Where a decoder looks at its memory.
public enum AttentionPlacement: String, Sendable, Hashable {
  /// With the output of a step, `h̃ = tanh(combination · [context; h])` (Luong et al. 2015).
  case afterStep
  /// The same, and `h̃` is also part of the next step's input: input feeding (Luong et al. 2015,
  /// section 3.3).
  case afterStepFed
  /// With the state before a step, and the context is part of the step's input (Bahdanau et al. 2015).
  case beforeStep
}

/// Predicts each next token of sequences by a recurrent layer, with or without attention: a language
/// model, or the decoder of an encoder-decoder.
///
///     h[t] = recurrent(embedding(x[t]), h[t-1]),  logits[t] = output(h[t])
///     with attention: output(tanh(combination · [context[t]; h[t]]))
///
/// Given the true tokens, a decoder that neither feeds back nor attends before the step runs its
/// recurrent layer over all steps at once; otherwise time is a loop inside the plan.
///
/// - Shape: `x[N, T] → logits[N, T, vocabulary]`, `x` of `int32` or `int64`.
/// - Parameters held: `embedding.weight [vocabulary, width]`; those of `recurrent`, of `attention`;
///   `combination.weight [units, D + units]`; `output.weight [vocabulary, units]`, `output.bias`.
/// - Source: Mikolov et al. 2010 (language model); Sutskever, Vinyals, Le 2014; Bahdanau, Cho, Bengio
///   2015; Luong, Pham, Manning 2015.
public final class RecurrentDecoder: Layer, CustomStringConvertible {
  public let vocabulary: Int
  public let embedding: Embedding
  public let recurrent: any RecurrentLayer
  public let attention: (any RecurrentAttention)?
  public let placement: AttentionPlacement
  public let combination: Dense?
  public let output: Dense

  /// Creates a decoder.
  ///
  /// - Parameters:
  ///   - width: Features of a token.
  ///   - recurrent: One direction, batch first, `returnsSequences`, not stateful.
  ///   - attention: Looks at the memory that a call is given.
  public init(
    vocabulary: Int, width: Int, recurrent: any RecurrentLayer,
    attention: (any RecurrentAttention)? = nil, placement: AttentionPlacement = .afterStep,
    dtype: DType = .float32
  ) {
    self.vocabulary = vocabulary
    self.recurrent = recurrent
    self.attention = attention
    self.placement = placement
    embedding = Embedding(vocabulary, width: width, dtype: dtype)
    combination =
      attention == nil
      ? nil : Dense(recurrent.options.units, activation: .tanh, useBias: false)
    output = Dense(vocabulary)
  }

  var feeds: Bool { attention != nil && placement == .afterStepFed }

  public func build(for x: TensorType) throws(Violation) {
    let options = recurrent.options
    try require(
      options.returnsSequences && options.bidirectional == nil && !options.stateful
        && options.layout == .batchFirst,
      "needs a recurrent layer of one direction, batch first, that returns sequences and keeps no "
        + "state between calls")
    try require(
      x.rank == 2 && (x.dtype == .int32 || x.dtype == .int64),
      "needs tokens [samples, steps] of i32 or i64, not \(x)")
    try require(x[1] > 0, "the sequence has no steps")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return result(x, nil, nil, .full, context, at).logits
  }

  /// What a call gives: logits for every step, the state after the last, and with attention how it
  /// weighed the places of its memory, `[N, T, S]`.
  public struct Result: Sendable {
    public let logits: Tensor
    public let state: RecurrentDecoderState
    public let weights: Tensor?
  }

  /// Runs the decoder over tokens.
  ///
  /// - Parameters:
  ///   - x: What each step is given, `[N, T]`: the targets behind a start token, as
  ///     `targets.shiftedRight(first: start)` has them.
  ///   - initial: Where to start; zeros unless given.
  ///   - memory: What the attention looks at; needed with one, refused without.
  ///   - forcing: Whether steps see the true tokens or the decoder's own.
  public func run(
    _ x: Tensor, from initial: RecurrentDecoderState? = nil, memory: AttentionMemory? = nil,
    forcing: TeacherForcing = .full, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Result {
    let given = [x] + (initial?.tensors ?? []) + (memory?.tensors ?? [])
    if let failed = (given + [forcing.tensor].compactMap { $0 }).first(where: { $0.error != nil }) {
      return failure(failed)
    }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) { try build(for: x.type) } catch {
        return failure(refused("RecurrentDecoder", error, [("input", x)]))
      }
      let found = result(x, initial, memory, forcing, context, .ofLayer)
      context.observe(self, output: found.logits)
      return found
    }
  }

  func failure(_ failed: Tensor) -> Result {
    let states = RecurrentDecoderState(
      recurrent: RecurrentState(failed: failed, count: recurrent.stack.cell.stateCount),
      fed: feeds ? failed : nil)
    return Result(
      logits: failed, state: states, weights: attention == nil ? nil : failed)
  }

  public var description: String {
    let looks = attention.map { ", \($0) \(placement)" } ?? ""
    return "RecurrentDecoder(\(vocabulary) tokens, \(recurrent)\(looks))"
  }
}

/// What a ``RecurrentDecoder`` carries from step to step.
public struct RecurrentDecoderState: Sendable {
  public var recurrent: RecurrentState
  /// The attentional output of the last step `[N, units]`, with input feeding.
  public var fed: Tensor?

  public init(recurrent: RecurrentState, fed: Tensor? = nil) {
    self.recurrent = recurrent
    self.fed = fed
  }

  /// The same values; gradients do not pass: between the windows of a long stream.
  public func stoppingGradient() -> RecurrentDecoderState {
    RecurrentDecoderState(
      recurrent: recurrent.stoppingGradient(), fed: fed?.stoppingGradient())
  }

  var tensors: [Tensor] { recurrent.tensors + [fed].compactMap { $0 } }

  init(tensors: [Tensor], feeds: Bool) {
    let own = feeds ? tensors.dropLast() : tensors[...]
    self.init(recurrent: RecurrentState(tensors: Array(own)), fed: feeds ? tensors.last : nil)
  }
}
