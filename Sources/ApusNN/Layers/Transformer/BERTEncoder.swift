import ApusCore

/// One layer of BERT: a post-norm encoder layer with projections of queries, keys and values of
/// their own.
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Parameters held: those of `attention.self.query`, `attention.self.key`, `attention.self.value`,
///   `attention.output.dense`, `attention.output.LayerNorm`, `intermediate.dense`, `output.dense`,
///   `output.LayerNorm`.
/// - Source: Devlin et al. 2019, section 3.
public final class BERTLayer: Layer, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  let query: Dense
  let key: Dense
  let value: Dense
  let joined: Dense
  let norm1: LayerNorm
  let feedForward: FeedForward
  let norm2: LayerNorm
  let dropout: Dropout

  public var partNames: [String: String] {
    [
      "query": "attention.self.query", "key": "attention.self.key",
      "value": "attention.self.value", "joined": "attention.output.dense",
      "norm1": "attention.output.LayerNorm", "feedForward": "", "norm2": "output.LayerNorm",
    ]
  }

  public init(_ options: TransformerOptions) {
    self.options = options
    query = Dense(options.width)
    key = Dense(options.width)
    value = Dense(options.width)
    joined = Dense(options.width)
    norm1 = options.makeNorm()
    // Hidden elements keep what they are: BERT drops results of parts alone.
    feedForward = FeedForward(
      options.width, hidden: options.hidden, activation: options.activation, dropoutRate: 0,
      names: ("intermediate.dense", "output.dense"))
    norm2 = options.makeNorm()
    dropout = Dropout(options.dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try options.makeAttention().checkSettings()
    try requireCount(options.hidden, "hidden units")
    try requireSequence(x, width: options.width)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor { output(x, .none, context) }

  /// Attends only to what the mask shows.
  public func callAsFunction(
    _ x: Tensor, mask: AttentionMask, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    call([("input", x)] + mask.inputs, context, file: file, line: line) { () throws(Violation) in
      try build(for: x.type)
      try mask.check(batch: x.shape[0], keys: x.shape[1])
    } forward: { context in
      output(x, mask, context)
    }
  }

  private func output(_ x: Tensor, _ mask: AttentionMask, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let shape: Shape = [x.shape[0], x.shape[1], options.heads, options.width / options.heads]
    let attended = options.residual(x, norm1, dropout) { x in
      let parts = [query, key, value].map {
        $0(x, file: at.file, line: at.line).reshaped(to: shape)
      }
      let dropping = context.isTraining && options.dropoutRate > 0
      let y = scaledDotProductAttention(
        parts[0], parts[1], parts[2], mask: mask.combined, isCausal: mask.isCausal,
        dropoutRate: dropping ? options.dropoutRate : 0, key: dropping ? context.nextKey() : nil,
        file: at.file, line: at.line)
      return joined(y.reshaped(to: x.shape), file: at.file, line: at.line)
    }
    return options.residual(attended, norm2, dropout) {
      feedForward($0, file: at.file, line: at.line)
    }
  }

  public var description: String {
    "BERTLayer(\(options.width), heads \(options.heads), hidden \(options.hidden))"
  }
}

/// Embeddings and the layers of BERT, and the pooler if wanted: tokens in, a vector a token out.
///
/// The settings of a published model are its `config.json`; its weights load by name.
/// - Shape: `tokens[N, T], segments[N, T]?, keys[N, T]? → y[N, T, width]`.
/// - Parameters held: those of `embeddings`, `encoder.layer.0` …, `pooler.dense`.
/// - Source: Devlin et al. 2019.
public final class BERTEncoder: Module, RenamingParts, CustomStringConvertible {
  public let embeddings: BERTEmbeddings
  public let layers: [BERTLayer]
  /// Makes one vector of those of a text; called by those who want it.
  public let pooler: BERTPooler?

  public var partNames: [String: String] { ["layers": "encoder.layer"] }

  /// Creates an encoder of `count` layers; those are post-norm, whatever the options say.
  public init(
    embeddings: BERTEmbeddings, _ options: TransformerOptions, layers count: Int,
    hasPooler: Bool = true
  ) {
    var options = options
    options.normFirst = false
    self.embeddings = embeddings
    layers = depth(count).map { _ in BERTLayer(options) }
    pooler = hasPooler ? BERTPooler(options.width) : nil
  }

  /// Reads tokens, all of one segment unless segments are given.
  ///
  /// - Parameter keys: `[N, T]`, `bool`: which tokens are there, and which are padding.
  public func callAsFunction(
    _ tokens: Tensor, segments: Tensor? = nil, keys: Tensor? = nil, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    call(
      [("tokens", tokens), ("segments", segments), ("key mask", keys)], context, file: file,
      line: line
    ) { () throws(Violation) in
      try requireDepth(layers.count)
    } forward: { _ in
      let at = CallSite.ofLayer
      let x = embeddings(tokens, segments: segments, file: at.file, line: at.line)
      let mask = AttentionMask(keys: keys)
      let y = layers.reduce(x) { $1($0, mask: mask, file: at.file, line: at.line) }
      guard y.error == nil, let pooler else { return y }
      // A model that never calls the pooler can be trained and saved with it all the same.
      do throws(Violation) { try pooler.dense.build(for: y.type) } catch {
        return refusal(error.reason, [("tokens", tokens)], at)
      }
      return y
    }
  }

  public var description: String { "BERTEncoder(\(layers.count) layers)" }
}
