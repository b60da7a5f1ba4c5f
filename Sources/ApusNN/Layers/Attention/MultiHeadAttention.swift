import ApusCore

/// Attention of several heads, each on its own projection of queries, keys and values.
///
///     headₕ = softmax(q·Wqₕ (k·Wkₕ)ᵀ / √d) · v·Wvₕ,   y = [head₁ … headₕ] · Wo + b,   d = width / heads
///
/// ```swift
/// let attention = MultiHeadAttention(width: 64, heads: 4)
/// let y = attention(x)                                      // self
/// let z = attention(y, key: memory, mask: .keys(isWord))    // cross
/// ```
/// - Shape: `query[N, T, width], key[N, S, keyWidth], value[N, S, valueWidth] → y[N, T, width]`.
/// - Parameters held: `in_proj_weight [3·width, width]` (Glorot uniform), `in_proj_bias [3·width]`
///   (zeros), `out_proj.weight [width, width]`, `out_proj.bias [width]`; where keys or values have a
///   width of their own, `q_proj_weight`, `k_proj_weight`, `v_proj_weight` in place of the first. With
///   fewer heads of keys their rows are `keyHeads · d`. Names and layouts are those of PyTorch's
///   `nn.MultiheadAttention`.
/// - Source: Vaswani et al. 2017, section 3.2.2; grouped heads: Ainslie et al. 2023.
public final class MultiHeadAttention: Module, RenamingParts, CustomStringConvertible {
  public let width: Int
  public let heads: Int
  /// Heads of keys and values; fewer than `heads` share them.
  public let keyHeads: Int
  public let keyWidth: Int
  public let valueWidth: Int
  /// The share of attention weights dropped in training.
  public let dropoutRate: Double
  /// Turns queries and keys by their positions.
  public let rotary: RotaryEmbedding?
  let joined: Parameter?
  let separate: [Parameter]
  let bias: Parameter?
  let output: Dense

  public var partNames: [String: String] { ["output": "out_proj", "separate": ""] }

  /// Creates attention of `heads` heads of width `width / heads`.
  ///
  /// - Parameters:
  ///   - keyHeads: Heads of keys and values, a divisor of `heads`; as many unless given.
  ///   - keyWidth: The width of given keys, where it is another than `width`.
  ///   - valueWidth: The width of given values, likewise.
  public init(
    width: Int, heads: Int, keyHeads: Int? = nil, keyWidth: Int? = nil, valueWidth: Int? = nil,
    dropoutRate: Double = 0, useBias: Bool = true, rotary: RotaryEmbedding? = nil,
    weight: Initializer = .glorotUniform
  ) {
    self.width = width
    self.heads = heads
    self.keyHeads = keyHeads ?? heads
    self.keyWidth = keyWidth ?? width
    self.valueWidth = valueWidth ?? width
    self.dropoutRate = dropoutRate
    self.rotary = rotary
    let isJoined = self.keyWidth == width && self.valueWidth == width
    joined = isJoined ? Parameter(weight, name: "in_proj_weight") : nil
    separate =
      isJoined
      ? [] : ["q", "k", "v"].map { Parameter(weight, name: "\($0)_proj_weight") }
    bias = useBias ? Parameter(.zeros, name: "in_proj_bias") : nil
    output = Dense(width, useBias: useBias)
  }

  /// Attends to `key` and `value`, or to the queries themselves.
  ///
  /// - Parameters:
  ///   - key: `query` unless given.
  ///   - value: `key` unless given.
  public func callAsFunction(
    _ query: Tensor, key: Tensor? = nil, value: Tensor? = nil, mask: AttentionMask = .none,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let (key, value) = (key ?? query, value ?? key ?? query)
    return call(
      inputs(query, key, value, mask), context, file: file, line: line
    ) { () throws(Violation) in
      try build(query.type, key.type, value.type, mask)
    } forward: { context in
      let at = CallSite.ofLayer
      let parts = rotated(project(query, key, value))
      let dropping = context.isTraining && dropoutRate > 0
      let y = scaledDotProductAttention(
        parts.query, parts.key, parts.value, mask: mask.combined, isCausal: mask.isCausal,
        dropoutRate: dropping ? dropoutRate : 0, key: dropping ? context.nextKey() : nil,
        file: at.file, line: at.line)
      return joinedHeads(y)
    }
  }

  /// Returns the weights with which each head averages the values, without dropout.
  ///
  /// - Shape: `[N, heads, T, S]`; rows add up to 1.
  public func weights(
    _ query: Tensor, key: Tensor? = nil, mask: AttentionMask = .none, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let key = key ?? query
    return call(
      inputs(query, key, nil, mask), context, file: file, line: line
    ) { () throws(Violation) in
      let value = key.type.with(
        shape: Shape(Array(key.shape.dims.dropLast()) + [valueWidth]))
      try build(query.type, key.type, value, mask)
    } forward: { _ in
      let at = CallSite.ofLayer
      let q = split(product(query, rows: 0), heads)
      let k = split(product(key, rows: 1), keyHeads)
      return attentionWeights(
        rotary?(q) ?? q, rotary?(k) ?? k, mask: mask.combined, isCausal: mask.isCausal,
        file: at.file, line: at.line)
    }
  }

  private func inputs(
    _ query: Tensor, _ key: Tensor, _ value: Tensor?, _ mask: AttentionMask
  ) -> [(name: String, tensor: Tensor?)] {
    [("query", query), ("key", key), ("value", value)] + mask.inputs
  }

  public var description: String {
    let shared = keyHeads == heads ? "" : ", \(keyHeads) of keys"
    return "MultiHeadAttention(\(width), heads \(heads)\(shared))"
  }
}
