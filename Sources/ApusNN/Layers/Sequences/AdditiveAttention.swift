import ApusCore

/// Attention by a small network over query and key.
///
///     score(q, k) = score.weight · tanh(query.weight · q + key.weight · k + bias)
///
/// - Shape: `query[N, Q], values[N, S, D] → context[N, D], weights[N, S]`; several queries at once as
///   `[N, T, Q] → [N, T, D], [N, T, S]`.
/// - Parameters held: `query.weight [units, Q]`, `key.weight [units, D]`, `bias [units]` where asked
///   for, `score.weight [1, units]`.
/// - Source: Bahdanau, Cho, Bengio 2015, "Neural machine translation by jointly learning to align and
///   translate", appendix A.1.2.
public final class AdditiveAttention: Module, RecurrentAttention, CustomStringConvertible {
  public let units: Int
  public let query: Dense
  public let key: Dense
  public let bias: Parameter?
  public let score: Dense

  /// Creates an attention with `units` hidden units.
  public init(
    _ units: Int, useBias: Bool = false, weight: Initializer = .glorotUniform
  ) {
    self.units = units
    query = Dense(units, useBias: false, weight: weight)
    key = Dense(units, useBias: false, weight: weight)
    bias = useBias ? Parameter(.zeros) : nil
    score = Dense(1, useBias: false, weight: weight)
  }

  public func build(values: TensorType) throws(Violation) {
    try require(units > 0, "\(units) units are not a positive number")
    try requireFeatures(values, key.weight, "values")
    try key.build(for: values)
    try bias?.allocate(values.dtype, [units])
  }

  public func build(query x: TensorType, memory: AttentionMemory) throws(Violation) {
    try require(
      memory.keys.shape[2] == units,
      "keys have \(memory.keys.shape[2]) features, not \(units): make them by memory(of:)")
    try requireFeatures(x, query.weight, "the query")
    try query.build(for: x)
    try score.build(for: memory.keys.type)
  }

  public func keys(for values: Tensor) -> Tensor {
    let keys = key(values)
    return bias.map { keys + $0.value } ?? keys
  }

  public func scores(_ x: Tensor, _ keys: Tensor) -> Tensor {
    additiveScores(query(x), keys, score)
  }

  public var description: String { "AdditiveAttention(\(units))" }
}

/// `score · tanh(q + k)` of all pairs: `q[N, T, U], k[N, S, U] → [N, T, S]`.
func additiveScores(_ query: Tensor, _ keys: Tensor, _ score: Dense) -> Tensor {
  let sum = query.expanded(at: 2) + keys.expanded(at: 1)
  return score(sum.tanh()).squeezed(axes: [3])
}

/// Refuses features other than those that a weight was made for.
func requireFeatures(_ x: TensorType, _ weight: Parameter, _ name: String) throws(Violation) {
  try require(x[-1] > 0, "\(name) has no features")
  guard let held = weight.type else { return }
  try require(x[-1] == held[1], "\(name) has \(x[-1]) features, the weight takes \(held[1])")
}
