import ApusCore

/// Self-attention, attention to a memory and a feed-forward part, each with a residual sum and a
/// layer norm.
///
/// - Shape: `x[N, T, width], memory[N, S, width] → y[N, T, width]`.
/// - Parameters held: those of `self_attn`, `multihead_attn`, `linear1`, `linear2`, `norm1`, `norm2`,
///   `norm3`, as in PyTorch's `nn.TransformerDecoderLayer`.
/// - Source: Vaswani et al. 2017, section 3.1; pre-norm: Xiong et al. 2020.
public final class TransformerDecoderLayer: Module, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  public let attention: MultiHeadAttention
  public let memoryAttention: MultiHeadAttention
  public let feedForward: FeedForward
  let norm1: LayerNorm
  let norm2: LayerNorm
  let norm3: LayerNorm
  let dropout: Dropout

  public var partNames: [String: String] {
    ["attention": "self_attn", "memoryAttention": "multihead_attn", "feedForward": ""]
  }

  public init(_ options: TransformerOptions) {
    self.options = options
    attention = options.makeAttention()
    memoryAttention = options.makeAttention()
    feedForward = options.makeFeedForward()
    norm1 = options.makeNorm()
    norm2 = options.makeNorm()
    norm3 = options.makeNorm()
    dropout = Dropout(options.dropoutRate)
  }

  /// Attends to `x` and to `memory`.
  ///
  /// - Parameters:
  ///   - mask: What each position of `x` sees of `x`; the earlier ones unless given.
  ///   - memoryMask: What each position of `x` sees of `memory`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: AttentionMask = .causal,
    memoryMask: AttentionMask = .none, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let inputs = [("input", x), ("memory", memory)] + mask.inputs + memoryMask.inputs
    return call(inputs, context, file: file, line: line) { () throws(Violation) in
      try build(x.type, memory.type)
    } forward: { _ in
      let at = CallSite.ofLayer
      let own = options.residual(x, norm1, dropout) {
        attention($0, mask: mask, file: at.file, line: at.line)
      }
      let crossed = options.residual(own, norm2, dropout) {
        memoryAttention($0, key: memory, mask: memoryMask, file: at.file, line: at.line)
      }
      return options.residual(crossed, norm3, dropout) {
        feedForward($0, file: at.file, line: at.line)
      }
    }
  }

  func build(_ x: TensorType, _ memory: TensorType) throws(Violation) {
    try attention.checkSettings()
    try requireSequence(x, width: options.width)
    try requireSequence(memory, width: options.width, "the memory")
  }

  public var description: String {
    "TransformerDecoderLayer(\(options.width), heads \(options.heads), hidden \(options.hidden))"
  }
}

/// Decoder layers one after the other, and a last norm if wanted.
///
/// - Shape: `x[N, T, width], memory[N, S, width] → y[N, T, width]`.
/// - Parameters held: those of `layers.0` …, and of `norm`, as in PyTorch's `nn.TransformerDecoder`.
/// - Source: Vaswani et al. 2017, section 3.1.
public final class TransformerDecoder: Module, CustomStringConvertible {
  public let layers: [TransformerDecoderLayer]
  public let norm: LayerNorm?

  /// Creates a decoder of `count` layers.
  ///
  /// - Parameter finalNorm: Whether a norm comes last; as `options.normFirst` unless given.
  public init(_ options: TransformerOptions, layers count: Int, finalNorm: Bool? = nil) {
    layers = depth(count).map { _ in TransformerDecoderLayer(options) }
    norm = finalNorm ?? options.normFirst ? options.makeNorm() : nil
  }

  /// Attends to `x`, causally unless another mask is given, and to `memory`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: AttentionMask = .causal,
    memoryMask: AttentionMask = .none, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let inputs = [("input", x), ("memory", memory)] + mask.inputs + memoryMask.inputs
    return call(inputs, context, file: file, line: line) { () throws(Violation) in
      try requireDepth(layers.count)
      try layers[0].build(x.type, memory.type)
    } forward: { _ in
      let at = CallSite.ofLayer
      let y = layers.reduce(x) {
        $1($0, memory: memory, mask: mask, memoryMask: memoryMask, file: at.file, line: at.line)
      }
      return norm?(y, file: at.file, line: at.line) ?? y
    }
  }

  public var description: String { "TransformerDecoder(\(layers.count) layers)" }
}

/// Encoder and decoder: reads a source and continues a target.
///
/// Embeddings, positions and the projection to words are layers of their own.
/// ```swift
/// let model = Transformer(
///   TransformerOptions(width: 32, heads: 4, hidden: 64), encoderLayers: 2, decoderLayers: 2)
/// let y = model(source, target: target, sourceKeys: isWord)
/// ```
/// - Shape: `source[N, S, width], target[N, T, width] → y[N, T, width]`.
/// - Parameters held: those of `encoder.layers.0` …, `encoder.norm`, `decoder.layers.0` …,
///   `decoder.norm`, as in PyTorch's `nn.Transformer`.
/// - Source: Vaswani et al. 2017.
public final class Transformer: Module, CustomStringConvertible {
  public let encoder: TransformerEncoder
  public let decoder: TransformerDecoder

  public init(_ options: TransformerOptions, encoderLayers: Int = 6, decoderLayers: Int = 6) {
    encoder = TransformerEncoder(options, layers: encoderLayers, finalNorm: true)
    decoder = TransformerDecoder(options, layers: decoderLayers, finalNorm: true)
  }

  /// Reads `source` and gives a vector for each position of `target`, which sees the earlier ones.
  ///
  /// - Parameters:
  ///   - sourceKeys: `[N, S]`, `bool`: which places of the source are there, and which are padding.
  ///   - targetMask: What each position of the target sees of the target.
  public func callAsFunction(
    _ source: Tensor, target: Tensor, sourceKeys: Tensor? = nil,
    targetMask: AttentionMask = .causal, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let inputs = [("source", source), ("target", target), ("source keys", sourceKeys)]
    return call(inputs + targetMask.inputs, context, file: file, line: line) {
    } forward: { _ in
      let at = CallSite.ofLayer
      let mask = AttentionMask(keys: sourceKeys)
      let memory = encoder(source, mask: mask, file: at.file, line: at.line)
      return decoder(
        target, memory: memory, mask: targetMask, memoryMask: mask, file: at.file, line: at.line)
    }
  }

  public var description: String {
    "Transformer(\(encoder.layers.count) + \(decoder.layers.count) layers)"
  }
}
