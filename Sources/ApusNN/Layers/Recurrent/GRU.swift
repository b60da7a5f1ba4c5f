import ApusCore

/// A gated recurrent unit whose reset gate applies after the recurrent product.
///
///     r, z = σ(x_t·weight_ihᵀ + bias_ih + h_{t−1}·weight_hhᵀ + bias_hh)
///     n = tanh(x_t·weight_inᵀ + bias_in + r·(h_{t−1}·weight_hnᵀ + bias_hn))
///     h_t = (1 − z)·n + z·h_{t−1}
///
/// - Shape: `x[N, T, F] → y[N, units]`, the last step's; `y[N, T, units]` with `returnsSequences`.
///   With both directions concatenated the output has `2·units` features.
/// - Parameters held, for each layer `k`: `weight_ih_lk [3·units, F]`, `weight_hh_lk [3·units, units]`,
///   `bias_ih_lk [3·units]`, `bias_hh_lk [3·units]`, gates in the order r, z, n, and the same ending in
///   `_reverse`, all as PyTorch has them. A stateful layer has the buffer
///   `hidden_state [layers, N, units]`.
/// - Source: Cho et al. 2014; PyTorch `GRU`.
public final class GRU: RecurrentLayer, ModuleContainer, CustomStringConvertible {
  public let stack: RecurrentStack

  /// Creates a layer; the options are described at ``RecurrentOptions``.
  public init(
    _ units: Int, layers: Int = 1, bidirectional: DirectionMerge? = nil, dropout: Double = 0,
    returnsSequences: Bool = false, stateful: Bool = false, layout: SequenceLayout = .batchFirst,
    useBias: Bool = true, initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    let options = RecurrentOptions(
      units: units, layers: layers, bidirectional: bidirectional, dropout: dropout,
      returnsSequences: returnsSequences, stateful: stateful, layout: layout)
    stack = RecurrentStack(.gru, options, useBias: useBias, initializers: initializers)
  }
}
