import ApusCore

/// Layers that take the same input, and whose outputs are merged.
///
/// ```swift
/// let inception = Branches {
///   Conv2D(64, kernel: 1, activation: .relu)
///   Sequential {
///     Conv2D(96, kernel: 1, activation: .relu)
///     Conv2D(128, kernel: 3, padding: .same, activation: .relu)
///   }
/// }
/// ```
/// Paths are numbers, as in ``Sequential``.
///
/// - Shape: `x[…] → y[…]` of the merged outputs; by default joined along the last axis.
/// - Source: Szegedy et al. 2015, figure 2.
public final class Branches: Layer, ModuleContainer, CustomStringConvertible {
  public let layers: [any Layer]
  public let merging: Merging

  public init(_ layers: [any Layer], merging: Merging = .concatenation()) {
    self.layers = layers
    self.merging = merging
  }

  public convenience init(
    merging: Merging = .concatenation(), @LayerBuilder _ layers: () -> [any Layer]
  ) {
    self.init(layers(), merging: merging)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let parts = layers.map { $0(x, context, file: at.file, line: at.line) }
    return merging(parts, file: at.file, line: at.line)
  }

  var namedContents: [(label: String, value: Any)] {
    layers.enumerated().map { ("\($0)", $1 as Any) }
  }

  public var description: String { "Branches(\(merging) of \(layers.count))" }
}

/// Cuts the channels into parts, one for each layer, and joins what the layers give.
///
/// The unit of ShuffleNet v2 is `ChannelSplit { Identity(); branch }` before a channel shuffle.
/// Paths are numbers, as in ``Sequential``.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C′]`; with channels first, `x[N, C, S…]`. The layers must agree on
///   all other axes.
/// - Source: Ma et al. 2018, "ShuffleNet V2", figure 3c.
public final class ChannelSplit: Layer, ModuleContainer, CustomStringConvertible {
  public let layers: [any Layer]
  /// The channels of each layer; `nil` for parts of the same size.
  public let sizes: [Int]?
  public let layout: ImageLayout

  public init(
    _ layers: [any Layer], sizes: [Int]? = nil, layout: ImageLayout = .channelsLast
  ) {
    self.layers = layers
    self.sizes = sizes
    self.layout = layout
  }

  public convenience init(
    sizes: [Int]? = nil, layout: ImageLayout = .channelsLast,
    @LayerBuilder _ layers: () -> [any Layer]
  ) {
    self.init(layers(), sizes: sizes, layout: layout)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(!layers.isEmpty, "has no layers")
    try require(x.rank >= 2, "needs a batch axis and channels, not rank \(x.rank)")
    let channels = x[layout.channelAxis(rank: x.rank)]
    guard let sizes else {
      try require(
        channels % layers.count == 0,
        "\(channels) channels do not split into \(layers.count) equal parts")
      return
    }
    try require(
      sizes.count == layers.count, "has \(sizes.count) sizes for \(layers.count) layers")
    let total = sizes.reduce(0) { $0.plusClamped($1) }
    try require(
      sizes.allSatisfy { $0 >= 0 } && total == channels,
      "sizes \(sizes) do not add up to \(channels) channels")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let axis = layout.channelAxis(rank: x.rank)
    let share = x.shape[axis] / max(layers.count, 1)
    let parts = x.split(
      sizes: sizes ?? layers.map { _ in share }, axis: axis, file: at.file, line: at.line)
    let results = zip(layers, parts).map { $0($1, context, file: at.file, line: at.line) }
    return Merging.concatenation(axis: axis)(results, file: at.file, line: at.line)
  }

  var namedContents: [(label: String, value: Any)] {
    layers.enumerated().map { ("\($0)", $1 as Any) }
  }

  public var description: String { "ChannelSplit(\(layers.count))" }
}
