import ApusCore

/// A simple recurrent network: `h_t = tanh(x_t·weight_ihᵀ + bias_ih + h_{t−1}·weight_hhᵀ + bias_hh)`.
///
/// - Shape: `x[N, T, F] → y[N, units]`, the last step's; `y[N, T, units]` with `returnsSequences`.
///   With both directions concatenated the output has `2·units` features.
/// - Parameters held, for each layer `k`: `weight_ih_lk [units, F]`, `weight_hh_lk [units, units]`,
///   `bias_ih_lk [units]`, `bias_hh_lk [units]`, and the same ending in `_reverse`, all as PyTorch has
///   them. A stateful layer has the buffer `hidden_state [layers, N, units]`.
/// - Source: Elman 1990; PyTorch `RNN`.
public final class RNN: RecurrentLayer, ModuleContainer, CustomStringConvertible {
  public let stack: RecurrentStack

  /// Creates a layer; the options are described at ``RecurrentOptions``.
  public init(
    _ units: Int, layers: Int = 1, activation: RecurrentActivation = .tanh,
    bidirectional: DirectionMerge? = nil, dropout: Double = 0, returnsSequences: Bool = false,
    stateful: Bool = false, layout: SequenceLayout = .batchFirst, useBias: Bool = true,
    initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    let options = RecurrentOptions(
      units: units, layers: layers, bidirectional: bidirectional, dropout: dropout,
      returnsSequences: returnsSequences, stateful: stateful, layout: layout)
    stack = RecurrentStack(
      activation == .relu ? .relu : .tanh, options, useBias: useBias, initializers: initializers)
  }
}
