import ApusCore

/// One block of a vision Transformer: pre-norm, self-attention, a feed-forward part.
///
/// - Shape: `x[N, T, width] → y[N, T, width]`.
/// - Parameters held: those of `ln_1`, `self_attention`, `ln_2`, `mlp.0`, `mlp.3`, as in torchvision.
/// - Source: Dosovitskiy et al. 2021, eqs. 2 and 3.
public final class ViTBlock: Layer, RenamingParts, CustomStringConvertible {
  public let options: TransformerOptions
  let norm1: LayerNorm
  let attention: MultiHeadAttention
  let norm2: LayerNorm
  let feedForward: FeedForward
  let dropout: Dropout

  public var partNames: [String: String] {
    ["norm1": "ln_1", "attention": "self_attention", "norm2": "ln_2", "feedForward": ""]
  }

  /// Creates a block; it is pre-norm, whatever the options say.
  public init(_ options: TransformerOptions) {
    var options = options
    options.normFirst = true
    self.options = options
    norm1 = options.makeNorm()
    attention = options.makeAttention()
    norm2 = options.makeNorm()
    feedForward = options.makeFeedForward(("mlp.0", "mlp.3"))
    dropout = Dropout(options.dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try attention.checkSettings()
    try requireSequence(x, width: options.width)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let attended = options.residual(x, norm1, dropout) {
      attention($0, file: at.file, line: at.line)
    }
    return options.residual(attended, norm2, dropout) {
      feedForward($0, file: at.file, line: at.line)
    }
  }

  public var description: String {
    "ViTBlock(\(options.width), heads \(options.heads), hidden \(options.hidden))"
  }
}

/// Positions, the blocks of a vision Transformer and a last norm.
///
/// - Shape: `x[N, T, width] → y[N, T, width]`, `T` as in the first input.
/// - Parameters held: `pos_embedding [1, T, width]` (normal, σ = 0.02), those of
///   `layers.encoder_layer_0` …, `ln.weight`, `ln.bias`, as in torchvision.
/// - Source: Dosovitskiy et al. 2021.
public final class ViTEncoder: Layer, RenamingParts, CustomStringConvertible {
  let positions = Parameter(.normal(deviation: 0.02), name: "pos_embedding")
  let layers: NumberedLayers
  let norm: LayerNorm
  let dropout: Dropout

  public var partNames: [String: String] { ["norm": "ln"] }

  public init(_ options: TransformerOptions, layers count: Int) {
    layers = NumberedLayers("encoder_layer_", depth(count).map { _ in ViTBlock(options) })
    norm = options.makeNorm()
    dropout = Dropout(options.dropoutRate)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireDepth(layers.layers.count)
    try requireRate(dropout.rate)
    try requireSequence(x)
    if let held = positions.type {
      try require(
        held.dims.dropFirst() == x.dims.dropFirst(),
        "there are positions for \(held), not for \(x)")
    }
    try positions.allocate(x.dtype, [1, x[1], x[2]])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let placed = dropout(x + positions.value, file: at.file, line: at.line)
    let y = layers.layers.reduce(placed) { $1($0, file: at.file, line: at.line) }
    return norm(y, file: at.file, line: at.line)
  }

  public var description: String { "ViTEncoder(\(layers.layers.count) blocks)" }
}

/// Layers that files name by a word and a number.
final class NumberedLayers: Module, ModuleContainer {
  let word: String
  let layers: [any Layer]

  init(_ word: String, _ layers: [any Layer]) {
    self.word = word
    self.layers = layers
  }

  var namedContents: [(label: String, value: Any)] {
    layers.enumerated().map { ("\(word)\($0)", $1 as Any) }
  }
}
