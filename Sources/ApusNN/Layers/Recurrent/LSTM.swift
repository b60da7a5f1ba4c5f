import ApusCore

/// Long short-term memory.
///
///     i, f, o = σ(x_t·weight_ihᵀ + bias_ih + h_{t−1}·weight_hhᵀ + bias_hh),  g = tanh(…)
///     c_t = f·c_{t−1} + i·g,  h_t = o·tanh(c_t)
///
/// With peepholes `i` and `f` also see `c_{t−1}`, and `o` sees `c_t`, each unit its own.
///
/// - Shape: `x[N, T, F] → y[N, units]`, the last step's; `y[N, T, units]` with `returnsSequences`.
///   With both directions concatenated the output has `2·units` features.
/// - Parameters held, for each layer `k`: `weight_ih_lk [4·units, F]`, `weight_hh_lk [4·units, units]`,
///   `bias_ih_lk [4·units]`, `bias_hh_lk [4·units]`, gates in the order i, f, g, o, and the same ending
///   in `_reverse`, all as PyTorch has them; with peepholes `weight_peephole_lk [3, units]`, rows i, f,
///   o. A stateful layer has the buffers `hidden_state` and `cell_state [layers, N, units]`.
/// - Source: Hochreiter and Schmidhuber 1997; Gers, Schraudolph and Schmidhuber 2002 (peepholes);
///   PyTorch `LSTM`.
public final class LSTM: RecurrentLayer, ModuleContainer, CustomStringConvertible {
  public let stack: RecurrentStack

  /// Creates a layer; the options are described at ``RecurrentOptions``.
  public init(
    _ units: Int, layers: Int = 1, peepholes: Bool = false, bidirectional: DirectionMerge? = nil,
    dropout: Double = 0, returnsSequences: Bool = false, stateful: Bool = false,
    layout: SequenceLayout = .batchFirst, useBias: Bool = true,
    initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    let options = RecurrentOptions(
      units: units, layers: layers, bidirectional: bidirectional, dropout: dropout,
      returnsSequences: returnsSequences, stateful: stateful, layout: layout)
    stack = RecurrentStack(
      peepholes ? .peepholeLSTM : .lstm, options, useBias: useBias, initializers: initializers)
  }
}
