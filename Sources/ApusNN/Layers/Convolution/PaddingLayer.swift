import ApusCore

/// What the layers that put something around the spatial axes share.
public protocol PaddingLayer: Layer, CustomStringConvertible {
  /// What the padding is filled with.
  static var mode: PaddingMode { get }
  /// Elements before and after each spatial axis; one pair stands for all axes.
  var amounts: [(low: Int, high: Int)] { get }
  var layout: ImageLayout { get }

  /// Creates a layer.
  ///
  /// - Parameter amounts: Elements before and after each spatial axis; one pair stands for all axes.
  init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout)
}

extension PaddingLayer {
  /// Creates a layer that puts the same number of elements at both ends of every spatial axis.
  public init(_ amount: Int, layout: ImageLayout = .channelsLast) {
    self.init([(amount, amount)], layout: layout)
  }

  /// Creates a layer that puts `low` elements before and `high` after each spatial axis.
  public init(_ amounts: [(low: Int, high: Int)]) {
    self.init(amounts, layout: .channelsLast)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireSpatial(x)
    _ = try spatialAmounts(amounts, x)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let pairs = (try? spatialAmounts(amounts, x.type)) ?? []
    return x.padded(
      low: layout.spread(pairs.map(\.low)), high: layout.spread(pairs.map(\.high)),
      mode: Self.mode, file: at.file, line: at.line)
  }

  public var description: String {
    "\(Self.self)(\(amounts.map { "\($0.low), \($0.high)" }.joined(separator: "; ")))"
  }
}

/// One pair per spatial axis of `x`: those given, or the only one given for all.
private func spatialAmounts(
  _ pairs: [(low: Int, high: Int)], _ x: TensorType
) throws(Violation) -> [(low: Int, high: Int)] {
  if pairs.count == 1 { return Array(repeating: pairs[0], count: x.rank - 2) }
  try require(
    pairs.count == x.rank - 2, "has \(pairs.count) pairs for \(x.rank - 2) spatial axes")
  return pairs
}

extension ImageLayout {
  /// Numbers of the spatial axes as those of all axes, 0 for batch and channels.
  fileprivate func spread(_ numbers: [Int]) -> [Int] {
    self == .channelsLast ? [0] + numbers + [0] : [0, 0] + numbers
  }
}

/// Puts zeros around the spatial axes.
///
/// - Shape: `x[N, s…, C] → y[N, low + s + high…, C]`; `[N, C, s…]` with channels first.
public final class ZeroPad: PaddingLayer, Layer {
  public static let mode = PaddingMode.zeros
  public let amounts: [(low: Int, high: Int)]
  public let layout: ImageLayout

  public init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout) {
    self.amounts = amounts
    self.layout = layout
  }
}

/// Puts the elements of the other end around the spatial axes, as if each were a circle.
///
/// - Shape: `x[N, s…, C] → y[N, low + s + high…, C]`, amounts up to `s`; `[N, C, s…]` with channels
///   first.
public final class CircularPad: PaddingLayer, Layer {
  public static let mode = PaddingMode.circular
  public let amounts: [(low: Int, high: Int)]
  public let layout: ImageLayout

  public init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout) {
    self.amounts = amounts
    self.layout = layout
  }
}

/// Puts the elements mirrored at the ends, which are not repeated, around the spatial axes.
///
/// - Shape: `x[N, s…, C] → y[N, low + s + high…, C]`, amounts below `s`; `[N, C, s…]` with channels
///   first.
public final class ReflectPad: PaddingLayer, Layer {
  public static let mode = PaddingMode.reflect
  public let amounts: [(low: Int, high: Int)]
  public let layout: ImageLayout

  public init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout) {
    self.amounts = amounts
    self.layout = layout
  }
}

/// Repeats the first and last elements around the spatial axes.
///
/// - Shape: `x[N, s…, C] → y[N, low + s + high…, C]`; `[N, C, s…]` with channels first.
public final class ReplicatePad: PaddingLayer, Layer {
  public static let mode = PaddingMode.replicate
  public let amounts: [(low: Int, high: Int)]
  public let layout: ImageLayout

  public init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout) {
    self.amounts = amounts
    self.layout = layout
  }
}

/// Takes elements away at the ends of the spatial axes.
///
/// - Shape: `x[N, s…, C] → y[N, s − low − high…, C]`; `[N, C, s…]` with channels first. At least one
///   element must remain.
public final class Crop: Layer, CustomStringConvertible {
  /// Elements taken away before and after each spatial axis; one pair stands for all axes.
  public let amounts: [(low: Int, high: Int)]
  public let layout: ImageLayout

  public init(_ amounts: [(low: Int, high: Int)], layout: ImageLayout = .channelsLast) {
    self.amounts = amounts
    self.layout = layout
  }

  /// Creates a layer that takes the same number of elements away at every end.
  public convenience init(_ amount: Int, layout: ImageLayout = .channelsLast) {
    self.init([(amount, amount)], layout: layout)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireSpatial(x)
    let pairs = try spatialAmounts(amounts, x)
    for (index, pair) in pairs.enumerated() {
      let extent = x[index + (layout == .channelsLast ? 1 : 2)]
      try require(
        pair.low >= 0 && pair.high >= 0 && pair.low.plusClamped(pair.high) < extent,
        "(\(pair.low), \(pair.high)) cannot be taken from spatial axis \(index) with extent \(extent)"
      )
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let pairs = (try? spatialAmounts(amounts, x.type)) ?? []
    let low = layout.spread(pairs.map(\.low))
    let high = layout.spread(pairs.map(\.high))
    let kept = x.shape.dims.indices.map { low[$0]..<(x.shape.dims[$0] - high[$0]) }
    return x.sliced(kept.map { Optional($0) }, file: at.file, line: at.line)
  }

  public var description: String {
    "Crop(\(amounts.map { "\($0.low), \($0.high)" }.joined(separator: "; ")))"
  }
}
