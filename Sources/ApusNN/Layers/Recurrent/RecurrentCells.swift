import ApusCore

/// One step of a simple recurrent network: `h′ = tanh(x·weight_ihᵀ + bias_ih + h·weight_hhᵀ + bias_hh)`.
///
/// - Shape: `x[N, F], h[N, units] → h′[N, units]`, output and state alike.
/// - Parameters held: `weight_ih [units, F]`, `weight_hh [units, units]`, `bias_ih [units]`,
///   `bias_hh [units]`, as PyTorch has them.
/// - Source: Elman 1990; PyTorch `RNNCell`.
public final class RNNCell: RecurrentStepCell, ModuleContainer, CustomStringConvertible {
  public let weights: RecurrentWeights

  public init(
    _ units: Int, activation: RecurrentActivation = .tanh, useBias: Bool = true,
    initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    weights = RecurrentWeights(
      activation == .relu ? .relu : .tanh, units: units, useBias: useBias,
      initializers: initializers)
  }
}

/// One step of long short-term memory, with the formula of ``LSTM``.
///
/// - Shape: `x[N, F], (h[N, units], c[N, units]) → h′[N, units]`; the state is `[h′, c′]`.
/// - Parameters held: `weight_ih [4·units, F]`, `weight_hh [4·units, units]`, `bias_ih [4·units]`,
///   `bias_hh [4·units]`, gates in the order i, f, g, o, as PyTorch has them; with peepholes
///   `weight_peephole [3, units]`, rows i, f, o.
/// - Source: Hochreiter and Schmidhuber 1997; Gers, Schraudolph and Schmidhuber 2002 (peepholes);
///   PyTorch `LSTMCell`.
public final class LSTMCell: RecurrentStepCell, ModuleContainer, CustomStringConvertible {
  public let weights: RecurrentWeights

  public init(
    _ units: Int, peepholes: Bool = false, useBias: Bool = true,
    initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    weights = RecurrentWeights(
      peepholes ? .peepholeLSTM : .lstm, units: units, useBias: useBias,
      initializers: initializers)
  }
}

/// One step of a gated recurrent unit, with the formula of ``GRU``.
///
/// - Shape: `x[N, F], h[N, units] → h′[N, units]`, output and state alike.
/// - Parameters held: `weight_ih [3·units, F]`, `weight_hh [3·units, units]`, `bias_ih [3·units]`,
///   `bias_hh [3·units]`, gates in the order r, z, n, as PyTorch has them.
/// - Source: Cho et al. 2014; PyTorch `GRUCell`.
public final class GRUCell: RecurrentStepCell, ModuleContainer, CustomStringConvertible {
  public let weights: RecurrentWeights

  public init(
    _ units: Int, useBias: Bool = true,
    initializers: RecurrentInitializers = RecurrentInitializers()
  ) {
    weights = RecurrentWeights(
      .gru, units: units, useBias: useBias, initializers: initializers)
  }
}
