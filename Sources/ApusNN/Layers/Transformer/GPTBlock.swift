import ApusCore

/// A dense layer whose weight lies the other way round, `[in, out]`, as in GPT-2's files.
final class TransposedDense: Layer, CustomStringConvertible {
  let units: Int
  let weight = Parameter(.normal(deviation: 0.02))
  let bias = Parameter(.zeros)

  init(_ units: Int) { self.units = units }

  func build(for x: TensorType) throws(Violation) {
    try weight.allocate(x.dtype, [x[-1], units])
    try bias.allocate(x.dtype, [units])
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return matmul(x, weight.value, file: at.file, line: at.line) + bias.value
  }

  var description: String { "TransposedDense(\(units))" }
}

/// One block of GPT-2: pre-norm, causal self-attention, a feed-forward part.
///
///     x ← x + attention(ln₁(x)),   y = x + mlp(ln₂(x))
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Parameters held: `ln_1.weight`, `ln_1.bias`, `attn.c_attn.weight [width, 3·width]`,
///   `attn.c_attn.bias`, `attn.c_proj.weight [width, width]`, `attn.c_proj.bias`, `ln_2.weight`,
///   `ln_2.bias`, `mlp.c_fc.weight [width, hidden]`, `mlp.c_fc.bias`,
///   `mlp.c_proj.weight [hidden, width]`, `mlp.c_proj.bias`.
/// - Source: Radford et al. 2019; names and layouts of the published weights.
public final class GPTBlock: Layer, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  let norm1: LayerNorm
  let norm2: LayerNorm
  let projections: TransposedDense
  let joined: TransposedDense
  let expand: TransposedDense
  let contract: TransposedDense
  let dropout: Dropout

  public var partNames: [String: String] {
    [
      "norm1": "ln_1", "norm2": "ln_2", "projections": "attn.c_attn", "joined": "attn.c_proj",
      "expand": "mlp.c_fc", "contract": "mlp.c_proj",
    ]
  }

  /// Creates a block; it is pre-norm, whatever the options say.
  public init(_ options: TransformerOptions) {
    var options = options
    options.normFirst = true
    self.options = options
    norm1 = options.makeNorm()
    norm2 = options.makeNorm()
    projections = TransposedDense(options.width.timesClamped(3))
    joined = TransposedDense(options.width)
    expand = TransposedDense(options.hidden)
    contract = TransposedDense(options.width)
    dropout = Dropout(options.dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try options.makeAttention().checkSettings()
    try requireCount(options.hidden, "hidden units")
    try requireSequence(x, width: options.width)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    output(x) { q, k, v in
      let at = CallSite.ofLayer
      let dropping = context.isTraining && options.dropoutRate > 0
      return scaledDotProductAttention(
        q, k, v, isCausal: true, dropoutRate: dropping ? options.dropoutRate : 0,
        key: dropping ? context.nextKey() : nil, file: at.file, line: at.line)
    }
  }

  /// Computes new tokens that see those in the cache, which they join.
  ///
  /// - Shape: `x[N, T, width] → y[N, T, width]`, `T` new tokens.
  public func step(
    _ x: Tensor, cache: inout KeyValueCache, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let given = cache
    var next = cache
    let y = call(
      [("input", x)] + given.tensors.map { ("cache", $0) }, context, file: file, line: line
    ) { () throws(Violation) in
      try build(for: x.type)
    } forward: { _ in
      output(x) { q, k, v in
        let at = CallSite.ofLayer
        next = given.appending(keys: k, values: v, file: at.file, line: at.line)
        return scaledDotProductAttention(
          q, next.keys, next.values, mask: next.visible(toLast: x.shape[1]), file: at.file,
          line: at.line)
      }
    }
    cache = next
    return y
  }

  private func output(_ x: Tensor, attend: (Tensor, Tensor, Tensor) -> Tensor) -> Tensor {
    let at = CallSite.ofLayer
    let shape: Shape = [x.shape[0], x.shape[1], options.heads, options.width / options.heads]
    let attended = options.residual(x, norm1, dropout) { x in
      let parts = projections(x, file: at.file, line: at.line)
        .split(into: 3, axis: -1, file: at.file, line: at.line).map { $0.reshaped(to: shape) }
      let y = attend(parts[0], parts[1], parts[2])
      return joined(y.reshaped(to: x.shape), file: at.file, line: at.line)
    }
    return options.residual(attended, norm2, dropout) { x in
      let h = options.activation(expand(x, file: at.file, line: at.line))
      return contract(h, file: at.file, line: at.line)
    }
  }

  public var description: String {
    "GPTBlock(\(options.width), heads \(options.heads), hidden \(options.hidden))"
  }
}
