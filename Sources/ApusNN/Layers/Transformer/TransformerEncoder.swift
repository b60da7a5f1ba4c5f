import ApusCore

/// Settings that the blocks of a Transformer share.
public struct TransformerOptions: Sendable {
  /// The width of every vector between blocks.
  public var width: Int
  public var heads: Int
  /// The width inside the feed-forward part.
  public var hidden: Int
  /// The share dropped in training: of attention weights, hidden elements and results of parts.
  public var dropoutRate: Double
  public var activation: Activation
  /// Whether norms come before the parts (pre-norm) or after the sums (post-norm, as in the paper).
  public var normFirst: Bool
  /// Added to variances.
  public var epsilon: Double

  public init(
    width: Int, heads: Int, hidden: Int = 2048, dropoutRate: Double = 0.1,
    activation: Activation = .relu, normFirst: Bool = false, epsilon: Double = 1e-5
  ) {
    self.width = width
    self.heads = heads
    self.hidden = hidden
    self.dropoutRate = dropoutRate
    self.activation = activation
    self.normFirst = normFirst
    self.epsilon = epsilon
  }

  func makeAttention() -> MultiHeadAttention {
    MultiHeadAttention(width: width, heads: heads, dropoutRate: dropoutRate)
  }

  func makeFeedForward(_ names: (String, String) = ("linear1", "linear2")) -> FeedForward {
    FeedForward(
      width, hidden: hidden, activation: activation, dropoutRate: dropoutRate, names: names)
  }

  func makeNorm() -> LayerNorm { LayerNorm(epsilon: epsilon) }

  /// `norm(x + part(x))`, or `x + part(norm(x))`; what the part gives is dropped from in training.
  func residual(
    _ x: Tensor, _ norm: LayerNorm, _ dropout: Dropout, _ part: (Tensor) -> Tensor
  ) -> Tensor {
    let at = CallSite.ofLayer
    func normalized(_ x: Tensor) -> Tensor { norm(x, file: at.file, line: at.line) }
    func dropped(_ x: Tensor) -> Tensor { dropout(x, file: at.file, line: at.line) }
    return normFirst
      ? x + dropped(part(normalized(x))) : normalized(x + dropped(part(x)))
  }
}

/// Self-attention and a feed-forward part, each with a residual sum and a layer norm.
///
///     x ← norm₁(x + attention(x)),   y = norm₂(x + feedForward(x))            // post-norm
///     x ← x + attention(norm₁(x)),   y = x + feedForward(norm₂(x))            // pre-norm
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Parameters held: those of `self_attn`, `linear1`, `linear2`, `norm1`, `norm2`, as in PyTorch's
///   `nn.TransformerEncoderLayer`.
/// - Source: Vaswani et al. 2017, section 3.1; pre-norm: Xiong et al. 2020.
public final class TransformerEncoderLayer: Layer, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  public let attention: MultiHeadAttention
  public let feedForward: FeedForward
  let norm1: LayerNorm
  let norm2: LayerNorm
  let dropout: Dropout

  public var partNames: [String: String] { ["attention": "self_attn", "feedForward": ""] }

  public init(_ options: TransformerOptions) {
    self.options = options
    attention = options.makeAttention()
    feedForward = options.makeFeedForward()
    norm1 = options.makeNorm()
    norm2 = options.makeNorm()
    dropout = Dropout(options.dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try attention.checkSettings()
    try requireSequence(x, width: options.width)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor { output(x, .none) }

  /// Attends only to what the mask shows.
  public func callAsFunction(
    _ x: Tensor, mask: AttentionMask, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    call([("input", x)] + mask.inputs, context, file: file, line: line) { () throws(Violation) in
      try build(for: x.type)
    } forward: { _ in
      output(x, mask)
    }
  }

  private func output(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
    let at = CallSite.ofLayer
    let attended = options.residual(x, norm1, dropout) {
      attention($0, mask: mask, file: at.file, line: at.line)
    }
    return options.residual(attended, norm2, dropout) {
      feedForward($0, file: at.file, line: at.line)
    }
  }

  public var description: String {
    "TransformerEncoderLayer(\(options.width), heads \(options.heads), hidden \(options.hidden))"
  }
}

/// Encoder layers one after the other, and a last norm if wanted.
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Parameters held: those of `layers.0` …, and of `norm`, as in PyTorch's `nn.TransformerEncoder`.
/// - Source: Vaswani et al. 2017, section 3.1.
public final class TransformerEncoder: Layer, CustomStringConvertible {
  public let layers: [TransformerEncoderLayer]
  public let norm: LayerNorm?

  /// Creates an encoder of `count` layers.
  ///
  /// - Parameter finalNorm: Whether a norm comes last; as `options.normFirst` unless given.
  public init(_ options: TransformerOptions, layers count: Int, finalNorm: Bool? = nil) {
    layers = depth(count).map { _ in TransformerEncoderLayer(options) }
    norm = finalNorm ?? options.normFirst ? options.makeNorm() : nil
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireDepth(layers.count)
    try layers[0].build(for: x)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor { output(x, .none) }

  /// Attends only to what the mask shows.
  public func callAsFunction(
    _ x: Tensor, mask: AttentionMask, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    call([("input", x)] + mask.inputs, context, file: file, line: line) { () throws(Violation) in
      try build(for: x.type)
    } forward: { _ in
      output(x, mask)
    }
  }

  private func output(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
    let at = CallSite.ofLayer
    let y = layers.reduce(x) { $1($0, mask: mask, file: at.file, line: at.line) }
    return norm?(y, file: at.file, line: at.line) ?? y
  }

  public var description: String { "TransformerEncoder(\(layers.count) layers)" }
}

/// The places of `count` layers; none for a number that no model has, which `build` then refuses.
func depth(_ count: Int) -> Range<Int> { 0..<(count > 0 && count <= 4096 ? count : 0) }

func requireDepth(_ count: Int) throws(Violation) {
  try require(count > 0, "the number of layers is not from 1 to 4096")
}
