import ApusCore
import ApusNN

/// A layer, or a module of several inputs, with an input to call it on.
struct LayerRow: Sendable, CustomStringConvertible {
  /// What a row is called on.
  enum Input: Sendable {
    case numbers([Int])
    /// Whole numbers below a limit.
    case tokens([Int], below: Int)
  }

  let description: String
  let input: Input
  let make: @Sendable () -> any Module
  let call: @Sendable (any Module, Tensor, Context) -> Tensor

  /// A layer of one input.
  init(_ name: String, _ input: Input, _ make: @escaping @Sendable () -> any Layer) {
    self.init(name, input, make) { ($0 as? any Layer)?($1, $2) ?? $1 }
  }

  init(_ name: String, _ dims: [Int], _ make: @escaping @Sendable () -> any Layer) {
    self.init(name, .numbers(dims), make)
  }

  init(
    _ name: String, _ input: Input, _ make: @escaping @Sendable () -> any Module,
    call: @escaping @Sendable (any Module, Tensor, Context) -> Tensor
  ) {
    (description, self.input, self.make, self.call) = (name, input, make, call)
  }

  static let all =
    dense + convolutional + pooling + norms + recurrent + transformers + shaping + random
}

extension LayerRow {
  static let dense: [LayerRow] = [
    .init("Dense", [4, 3]) { Dense(5, activation: .gelu) },
    .init("Embedding", .tokens([3, 4], below: 9)) { Embedding(9, width: 5, paddingIndex: 2) },
    .init("Highway", [4, 3]) { Highway() }, .init("Maxout", [4, 3]) { Maxout(5, pieces: 3) },
    .init("GLU", [4, 6]) { GLU() }, .init("PReLU", [4, 6]) { PReLU(perChannel: true) },
    .init("SqueezeExcitation", [2, 4, 4, 6]) { SqueezeExcitation(reduction: 2) },
    .init(
      "Bilinear", .numbers([4, 3]), { Bilinear(2) },
      call: { ($0 as? Bilinear)?($1, $1.tanh(), $2) ?? $1 }),
    .init("Residual", [4, 3]) { Residual(Dense(3), activation: .relu) },
    .init("Recompute", [4, 3]) { Recompute(Sequential([Dense(6, activation: .tanh), Dense(2)])) },
    .init("Branches", [4, 3]) { Branches([Dense(2), Dense(3)]) },
    .init("MinibatchDiscrimination", [4, 3]) { MinibatchDiscrimination(2) },
  ]

  static let convolutional: [LayerRow] = [
    .init("Conv1D", [2, 9, 3]) { Conv1D(4, kernel: 3, stride: 2, padding: .same) },
    .init("Conv2D", [2, 6, 7, 4]) { Conv2D(6, kernel: 3, dilation: 2, groups: 2) },
    .init("Conv2D, channels first", [2, 3, 6, 7]) {
      Conv2D(4, kernel: 3, padding: .symmetric(1), layout: .channelsFirst)
    },
    .init("Conv2D, reflecting", [2, 6, 7, 2]) {
      Conv2D(4, kernel: 3, padding: .same, paddingMode: .reflect)
    },
    .init("Conv3D", [1, 4, 5, 4, 2]) { Conv3D(3, kernel: 2, stride: 2) },
    .init("DepthwiseConv1D", [2, 9, 3]) { DepthwiseConv1D(kernel: 3, multiplier: 2) },
    .init("DepthwiseConv2D", [2, 6, 6, 3]) { DepthwiseConv2D(kernel: 3, padding: .same) },
    .init("SeparableConv2D", [2, 6, 6, 3]) { SeparableConv2D(4, kernel: 3) },
    .init("ConvTranspose1D", [2, 5, 3]) { ConvTranspose1D(4, kernel: 3, stride: 2) },
    .init("ConvTranspose2D", [2, 4, 5, 4]) {
      ConvTranspose2D(
        4, kernel: 3, stride: 2, padding: .symmetric(1), outputPadding: 1, groups: 2)
    },
    .init("ConvTranspose3D", [1, 3, 3, 2, 2]) { ConvTranspose3D(3, kernel: 2, stride: 2) },
    .init("Unfold", [2, 5, 5, 2]) { Unfold(window: [2, 3]) },
    .init("Fold", [2, 12, 8]) { Fold(size: [4, 5], window: [2]) },
    .init("PixelShuffle", [1, 3, 3, 8]) { PixelShuffle(2) },
    .init("UpSample", [1, 3, 4, 2]) { UpSample(1.5, .linear()) },
  ]

  static let pooling: [LayerRow] = [
    .init("MaxPool1D", [2, 7, 3]) { MaxPool1D(3, stride: 2, padding: .symmetric(1)) },
    .init("MaxPool2D", [2, 6, 6, 3]) { MaxPool2D(2) },
    .init("MaxPool2D, overlapping", [2, 7, 7, 3]) { MaxPool2D(3, stride: 2, ceilMode: true) },
    .init("MaxPool3D", [1, 4, 4, 4, 2]) { MaxPool3D(2) },
    .init("AvgPool1D", [2, 7, 3]) { AvgPool1D(3, stride: 1) },
    .init("AvgPool2D", [2, 7, 7, 3]) { AvgPool2D(3, stride: 2, padding: .symmetric(1)) },
    .init("AvgPool3D", [1, 4, 4, 4, 2]) { AvgPool3D(2) },
    .init("LpPool2D", [2, 6, 6, 3]) { LpPool2D(2, window: 2) },
    .init("AdaptiveAvgPool2D", [2, 7, 5, 3]) { AdaptiveAvgPool2D(3) },
    .init("AdaptiveMaxPool2D", [2, 7, 5, 3]) { AdaptiveMaxPool2D(3) },
    .init("GlobalAvgPool2D", [2, 4, 4, 3]) { GlobalAvgPool2D() },
    .init("GlobalMaxPool2D", [2, 4, 4, 3]) { GlobalMaxPool2D() },
    .init("SpatialPyramidPool2D", [2, 7, 6, 3]) { SpatialPyramidPool2D() },
    .init("StochasticPool2D", [2, 6, 6, 3]) { StochasticPool2D() },
  ]

  static let norms: [LayerRow] = [
    .init("BatchNorm", [5, 4, 3]) { BatchNorm() }, .init("LayerNorm", [4, 6]) { LayerNorm() },
    .init("RMSNorm", [4, 6]) { RMSNorm() }, .init("GroupNorm", [2, 4, 4, 6]) { GroupNorm(3) },
    .init("InstanceNorm", [2, 4, 4, 3]) {
      InstanceNorm(affine: true, tracksRunningStatistics: true)
    },
    .init("LocalResponseNorm", [2, 3, 3, 6]) { LocalResponseNorm() },
  ]

  static let recurrent: [LayerRow] = [
    .init("RNN", [2, 5, 3]) { RNN(4, returnsSequences: true) },
    .init("LSTM", [2, 5, 3]) { LSTM(4, layers: 2, bidirectional: .concatenate, dropout: 0.2) },
    .init("LSTM, peepholes", [2, 5, 3]) { LSTM(4, peepholes: true) },
    .init("GRU", [2, 5, 3]) { GRU(4, returnsSequences: true) },
    .init("RNNLoop", [2, 5, 3]) { RNNLoop(GRUCell(4), isReversed: true) },
    .init("TimeDistributed", [2, 5, 3]) { TimeDistributed(Dense(4)) },
  ]

  static let transformers: [LayerRow] = [
    .init(
      "MultiHeadAttention", .numbers([2, 5, 8]),
      { MultiHeadAttention(width: 8, heads: 4, keyHeads: 2, rotary: RotaryEmbedding()) },
      call: { ($0 as? MultiHeadAttention)?($1, mask: .causal, $2) ?? $1 }),
    .init("TransformerEncoder", [2, 5, 8]) { TransformerEncoder(options, layers: 2) },
    .init("GPTBlock", [2, 5, 8]) { GPTBlock(options) },
    .init("GPTDecoder", .tokens([2, 5], below: 11)) {
      GPTDecoder(options, vocabulary: 11, positions: 6, layers: 1)
    },
    .init("ViTBlock", [2, 5, 8]) { ViTBlock(options) },
    .init("PatchEmbedding", [2, 6, 6, 3]) { PatchEmbedding(8, size: 2) },
    .init(
      "Transformer", .numbers([2, 5, 8]),
      { Transformer(options, encoderLayers: 1, decoderLayers: 1) },
      call: { ($0 as? Transformer)?($1, target: $1.tanh(), $2) ?? $1 }),
    .init("SinusoidalPositionalEncoding", [2, 5, 8]) { SinusoidalPositionalEncoding() },
  ]

  private static let options = TransformerOptions(
    width: 8, heads: 2, hidden: 12, dropoutRate: 0.1, activation: .gelu)

  static let shaping: [LayerRow] = [
    .init("Flatten", [2, 3, 4]) { Flatten() },
    .init("Permute", [2, 3, 4]) { Permute(0, 2, 1) },
    .init("ReflectPad", [2, 5, 4, 2]) { ReflectPad(2) },
    .init("Crop", [2, 5, 6, 2]) { Crop(1) },
    .init("ChannelShuffle", [2, 4, 4, 6]) { ChannelShuffle(groups: 3) },
  ]

  static let random: [LayerRow] = [
    .init("Dropout", [20, 30]) { Dropout(0.4) },
    .init("SpatialDropout", [4, 3, 3, 6]) { SpatialDropout(0.4) },
    .init("AlphaDropout", [20, 30]) { AlphaDropout(0.2) },
    .init("GaussianNoise", [20, 30]) { GaussianNoise(0.3) },
    .init("GaussianDropout", [20, 30]) { GaussianDropout(0.3) },
    .init("DropConnect", [4, 6]) { DropConnect(5) },
    .init("StochasticDepth", [8, 6]) { StochasticDepth(0.4) },
    .init("RReLU", [20, 30]) { RReLU() },
  ]
}
