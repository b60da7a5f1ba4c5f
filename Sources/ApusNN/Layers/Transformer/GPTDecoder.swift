import ApusCore

/// Embeddings and the blocks of GPT-2: tokens in, a vector a token out, or logits of the next.
///
/// ```swift
/// let gpt = GPTDecoder(
///   TransformerOptions(width: 32, heads: 4, hidden: 128, activation: .geluTanh),
///   vocabulary: 100, positions: 64, layers: 2)
/// let logits = gpt.logits(tokens)                                // all at once
/// var caches = gpt.caches(batch: 1, capacity: 64)
/// let next = gpt.step(firstTokens, caches: &caches)              // step by step
/// ```
/// - Shape: `tokens[N, T] → y[N, T, width]`, integers.
/// - Parameters held: `wte.weight [vocabulary, width]`, `wpe.weight [positions, width]` (normal,
///   σ = 0.02 and 0.01), those of the blocks `h.0` …, `ln_f.weight`, `ln_f.bias`. The logits use
///   `wte.weight` again.
/// - Source: Radford et al. 2019; names and layouts of the published weights.
public final class GPTDecoder: Layer, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  public let blocks: [GPTBlock]
  let words: Embedding
  let places: Embedding
  let norm: LayerNorm
  let dropout: Dropout

  public var partNames: [String: String] {
    ["words": "wte", "places": "wpe", "blocks": "h", "norm": "ln_f"]
  }

  public init(
    _ options: TransformerOptions, vocabulary: Int, positions: Int, layers count: Int,
    dtype: DType = .float32
  ) {
    self.options = options
    words = Embedding(
      vocabulary, width: options.width, weight: .normal(deviation: 0.02), dtype: dtype)
    places = Embedding(
      positions, width: options.width, weight: .normal(deviation: 0.01), dtype: dtype)
    dropout = Dropout(options.dropoutRate)
    blocks = depth(count).map { _ in GPTBlock(options) }
    norm = options.makeNorm()
  }

  public func build(for tokens: TensorType) throws(Violation) {
    try requireDepth(blocks.count)
    try requireCount(words.count, "words")
    try requireCount(places.count, "positions")
    try requireCount(words.width, "elements of width")
    try requireRate(options.dropoutRate)
    try require(
      tokens.rank == 2 && tokens.dtype.isInteger,
      "tokens must be integers [batch, time], not \(tokens)")
    try require(
      tokens[1] <= places.count, "\(tokens[1]) tokens are more than \(places.count) positions")
  }

  public func forward(_ tokens: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let places = Tensor.iota([tokens.shape[1]], axis: 0, dtype: .int64)
    let y = blocks.reduce(embedded(tokens, places)) { $1($0, file: at.file, line: at.line) }
    return norm(y, file: at.file, line: at.line)
  }

  /// Returns the logits of the token after each: `tokens[N, T] → logits[N, T, vocabulary]`.
  public func logits(
    _ tokens: Tensor, _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let y = self(tokens, context, file: file, line: line)
    return scoped(context, file: file, line: line) { _ in head(y) }
  }

  /// Returns empty caches, one a block.
  public func caches(
    batch: Int, capacity: Int, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> [KeyValueCache] {
    let width = options.heads > 0 ? options.width / options.heads : 0
    return blocks.map { _ in
      KeyValueCache(
        batch: batch, capacity: capacity, heads: options.heads, headWidth: width, dtype: dtype,
        file: file, line: line)
    }
  }

  /// Returns the logits after each of the new tokens, which join those in the caches.
  ///
  /// - Shape: `tokens[N, T] → logits[N, T, vocabulary]`, `T` new tokens, often one.
  public func step(
    _ tokens: Tensor, caches: inout [KeyValueCache], _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    var next = caches
    let given = caches
    let y = call(
      [("tokens", tokens)] + given.flatMap(\.tensors).map { ("cache", $0) }, context, file: file,
      line: line
    ) { () throws(Violation) in
      try build(for: tokens.type)
      try require(
        given.count == blocks.count, "\(given.count) caches for \(blocks.count) blocks")
    } forward: { _ in
      let at = CallSite.ofLayer
      let steps = Tensor.iota([tokens.shape[1]], axis: 0, dtype: .int64)
      var x = embedded(tokens, steps + given[0].length)
      for (index, block) in blocks.enumerated() {
        x = block.step(x, cache: &next[index], file: at.file, line: at.line)
      }
      return head(norm(x, file: at.file, line: at.line))
    }
    if y.error == nil { caches = next }
    return y
  }

  private func embedded(_ tokens: Tensor, _ numbers: Tensor) -> Tensor {
    let at = CallSite.ofLayer
    let x =
      words(tokens, file: at.file, line: at.line) + places(numbers, file: at.file, line: at.line)
    return dropout(x, file: at.file, line: at.line)
  }

  private func head(_ y: Tensor) -> Tensor {
    y.error == nil ? affine(y, words.weight.value, nil) : y
  }

  public var description: String {
    "GPTDecoder(\(words.count) words, \(blocks.count) blocks of \(options.width))"
  }
}
