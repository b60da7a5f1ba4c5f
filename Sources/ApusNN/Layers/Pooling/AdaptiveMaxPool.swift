import ApusCore

/// The largest element of each of `size` bins of a sequence, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, L, C] → y[N, size, C]`; `[N, C, L]` with channels first.
public final class AdaptiveMaxPool1D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 1
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveMaxPooled(to: sizes, file: site.file, line: site.line)
  }
}

/// The largest element of each of `size` bins of an image, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, H, W, C] → y[N, size…, C]`; `[N, C, H, W]` with channels first.
public final class AdaptiveMaxPool2D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 2
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveMaxPooled(to: sizes, file: site.file, line: site.line)
  }
}

/// The largest element of each of `size` bins of a volume, whatever its extents.
///
/// Bin `i` of `B` over `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`, as PyTorch cuts them.
/// - Shape: `x[N, D, H, W, C] → y[N, size…, C]`; `[N, C, D, H, W]` with channels first.
public final class AdaptiveMaxPool3D: AdaptivePoolingLayer, Layer {
  public static let spatialRank = 3
  public let size: [Int?]
  public let layout: ImageLayout

  public init(sizes: [Int?], layout: ImageLayout) {
    size = sizes
    self.layout = layout
  }

  public func pooled(_ x: Tensor, to sizes: [Int], at site: CallSite) -> Tensor {
    x.adaptiveMaxPooled(to: sizes, file: site.file, line: site.line)
  }
}
