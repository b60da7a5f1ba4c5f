import ApusCore

/// An encoder-decoder: reads one sequence and writes another, of any length.
///
/// The decoder starts from the encoder's last state, and with attention looks at its outputs. Where
/// the states differ in width or the encoder reads in both directions, a `bridge` maps one to the
/// other: `tanh(weight · [→h; ←h] + bias)` for each layer.
///
/// ```swift
/// let model = Seq2Seq(
///   encoder: RecurrentEncoder(
///     vocabulary: 12, width: 16,
///     recurrent: GRU(32, bidirectional: .concatenate, returnsSequences: true)),
///   decoder: RecurrentDecoder(
///     vocabulary: 12, width: 16, recurrent: GRU(32, returnsSequences: true),
///     attention: AdditiveAttention(32)))
/// let logits = model(source, targets.shiftedRight(first: start))
/// let best = try model.decoding(source).beamSearch(
///   from: [[start]], width: 4, maxNewTokens: 20, endTokens: [end])
/// ```
/// - Shape: `source[N, S], x[N, T] → logits[N, T, vocabulary]`.
/// - Parameters held: those of `encoder` and `decoder`; `bridge.hidden.weight [units, E]` and
///   `bridge.hidden.bias`, for an LSTM `bridge.cell` too, where there is a bridge.
/// - Source: Sutskever, Vinyals, Le 2014, "Sequence to sequence learning with neural networks";
///   Bahdanau, Cho, Bengio 2015 (bridge: appendix A.2.2).
public final class Seq2Seq: Module, CustomStringConvertible {
  public let encoder: RecurrentEncoder
  public let decoder: RecurrentDecoder
  let bridge: StateBridge?

  public init(encoder: RecurrentEncoder, decoder: RecurrentDecoder) {
    self.encoder = encoder
    self.decoder = decoder
    bridge = StateBridge(from: encoder.recurrent, to: decoder.recurrent)
  }

  /// Predicts each token of the targets from the source and the tokens before.
  ///
  /// - Parameters:
  ///   - x: What the decoder is given: the targets behind a start token.
  ///   - lengths: `[N]` of integers: where sources end, if not at their last step.
  public func callAsFunction(
    _ source: Tensor, _ x: Tensor, lengths: Tensor? = nil, forcing: TeacherForcing = .full,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    run(source, x, lengths: lengths, forcing: forcing, context, file: file, line: line).logits
  }

  /// Does the same, and also returns the decoder's last state and how it weighed the source.
  public func run(
    _ source: Tensor, _ x: Tensor, lengths: Tensor? = nil, forcing: TeacherForcing = .full,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> RecurrentDecoder.Result {
    let given = [source, x] + [lengths].compactMap { $0 }
    if let failed = given.first(where: { $0.error != nil }) { return decoder.failure(failed) }
    return scoped(context, file: file, line: line) { context in
      let site = CallSite.ofLayer
      let (state, memory) = read(source, lengths, context, site)
      let found = decoder.run(
        x, from: state, memory: memory, forcing: forcing, context, file: site.file,
        line: site.line)
      context.observe(self, output: found.logits)
      return found
    }
  }

  /// What the decoder starts with.
  private func read(
    _ source: Tensor, _ lengths: Tensor?, _ context: Context, _ site: CallSite
  ) -> (state: RecurrentDecoderState, memory: AttentionMemory?) {
    let (outputs, last) = encoder.run(
      source, lengths: lengths, context, file: site.file, line: site.line)
    let state =
      bridge?.crossed(last, context, site)
      ?? RecurrentState(
        hidden: last.hidden, cell: decoder.recurrent.stack.cell.stateCount > 1 ? last.cell : nil)
    var start = RecurrentDecoderState(recurrent: state)
    let units = decoder.recurrent.options.units
    if decoder.feeds, outputs.error == nil, units > 0 {
      start.fed = .zeros([source.shape[0], units], dtype: outputs.dtype)
    }
    guard let attention = decoder.attention else { return (start, nil) }
    let mask = lengths.map { lengths in
      outputs.error != nil
        ? outputs
        : paddingMask(
          lengths: lengths, steps: outputs.shape[1], file: site.file, line: site.line)
    }
    let memory = attention.memory(
      of: outputs, mask: mask, context, file: site.file, line: site.line)
    return (start, memory)
  }

  /// A decoder that writes what belongs to a source, sample by sample: prompts are start tokens.
  public func decoding(
    _ source: Tensor, lengths: Tensor? = nil, file: String = #fileID, line: Int = #line
  ) -> SequenceDecoder {
    let given = [source] + [lengths].compactMap { $0 }
    if let failed = given.first(where: { $0.error != nil }) {
      return SequenceDecoder(state: [failed]) { ($0, $1) }
    }
    return scoped(.inference, file: file, line: line) { context in
      let (state, memory) = read(source, lengths, context, .ofLayer)
      return decoder.decoding(
        samples: source.shape[0], from: state, memory: memory)
    }
  }

  public var description: String { "Seq2Seq(\(encoder), \(decoder))" }
}

/// Maps the last state of an encoder to the first of a decoder, layer by layer.
final class StateBridge: Module {
  let hidden: Dense
  let cell: Dense?
  private let directions: Int

  /// A bridge where states differ; else `nil`.
  init?(from encoder: any RecurrentLayer, to decoder: any RecurrentLayer) {
    let (a, b) = (encoder.options, decoder.options)
    let needsCell = decoder.stack.cell.stateCount > 1
    let isSame =
      a.directions == 1 && a.units == b.units
      && (!needsCell || encoder.stack.cell.stateCount > 1)
    if isSame { return nil }
    hidden = Dense(b.units, activation: .tanh)
    cell = needsCell ? Dense(b.units, activation: .tanh) : nil
    directions = a.directions
  }

  func crossed(_ state: RecurrentState, _ context: Context, _ site: CallSite) -> RecurrentState {
    /// `[layers·directions, N, H]` with the directions side by side: `[layers, N, directions·H]`.
    func joined(_ x: Tensor) -> Tensor {
      guard x.error == nil, directions == 2, x.rank == 3 else { return x }
      let (rows, samples, units) = (x.shape[0], x.shape[1], x.shape[2])
      return x.reshaped(to: Shape([rows / 2, 2, samples, units]))
        .transposed(permutation: [0, 2, 1, 3])
        .reshaped(to: Shape([rows / 2, samples, 2 * units]))
    }
    func mapped(_ x: Tensor, _ dense: Dense) -> Tensor {
      dense(joined(x), context, file: site.file, line: site.line)
    }
    return RecurrentState(
      hidden: mapped(state.hidden, hidden),
      cell: cell.map { mapped(state.cell ?? state.hidden, $0) })
  }
}
