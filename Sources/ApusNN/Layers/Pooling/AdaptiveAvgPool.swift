import ApusCore

/// What the poolings to a fixed size share.
public protocol AdaptivePoolingLayer: Layer, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  /// The extents of the result; one number stands for all axes, `nil` keeps an axis as it is.
  var size: [Int?] { get }
  var layout: ImageLayout { get }
  init(sizes: [Int?], layout: ImageLayout)

  /// Pools `x[N, s…, C]`.
  func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor
}

extension AdaptivePoolingLayer {
  /// Creates a layer whose result has equal extents.
  public init(_ size: Int, layout: ImageLayout = .channelsLast) {
    self.init(sizes: [size], layout: layout)
  }

  /// Creates a layer.
  ///
  /// - Parameter size: The extents of the result; `nil` keeps an axis as it is.
  public init(_ size: [Int?], layout: ImageLayout = .channelsLast) {
    self.init(sizes: size, layout: layout)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireSpatial(x, axes: Self.spatialRank)
    try require(
      size.count == 1 || size.count == Self.spatialRank,
      "size has \(size.count) numbers for \(Self.spatialRank) spatial axes")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let input = layout.toChannelsLast(x)
    let all = size.count == 1 ? Array(repeating: size[0], count: Self.spatialRank) : size
    let sizes = all.enumerated().map { $1 ?? input.shape[$0 + 1] }
    return layout.fromChannelsLast(pooled(input, to: sizes, at: .ofLayer))
  }

  public var description: String {
    "\(Self.self)(\(size.map { $0.map(String.init) ?? "·" }.joined(separator: "×")))"
  }
}

/// The mean of each of `size` bins of a sequence, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, L, C] → y[N, size, C]`; `[N, C, L]` with channels first.
public final class AdaptiveAvgPool1D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 1
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveAveragePooled(to: sizes, file: site.file, line: site.line)
  }
}

/// The mean of each of `size` bins of an image, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, H, W, C] → y[N, size…, C]`; `[N, C, H, W]` with channels first.
public final class AdaptiveAvgPool2D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 2
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveAveragePooled(to: sizes, file: site.file, line: site.line)
  }
}

/// The mean of each of `size` bins of a volume, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, D, H, W, C] → y[N, size…, C]`; `[N, C, D, H, W]` with channels first.
public final class AdaptiveAvgPool3D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 3
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveAveragePooled(to: sizes, file: site.file, line: site.line)
  }
}
