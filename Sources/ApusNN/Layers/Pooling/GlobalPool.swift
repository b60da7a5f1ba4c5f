import ApusCore

/// What the poolings over all spatial axes share.
public protocol GlobalPoolingLayer: Layer, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  var layout: ImageLayout { get }
}

extension GlobalPoolingLayer {
  public func build(for x: TensorType) throws(Violation) {
    try requireSpatial(x, axes: Self.spatialRank)
    let spatial = spatialAxes.map { x[$0] }
    try require(!spatial.contains(0), "the spatial extents \(spatial) hold no element")
  }

  fileprivate var spatialAxes: [Int] {
    let first = layout == .channelsLast ? 1 : 2
    return Array(first..<(first + Self.spatialRank))
  }

  public var description: String { "\(Self.self)" }
}

/// The mean of each channel over all of a sequence.
///
/// - Shape: `x[N, L, C] → y[N, C]`; `[N, C, L]` with channels first.
/// - Source: Lin, Chen and Yan 2014, "Network in network", section 3.2.
public final class GlobalAvgPool1D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 1
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.mean(axes: spatialAxes, file: at.file, line: at.line)
  }
}

/// The mean of each channel over all of an image.
///
/// - Shape: `x[N, H, W, C] → y[N, C]`; `[N, C, H, W]` with channels first.
/// - Source: Lin, Chen and Yan 2014, "Network in network", section 3.2.
public final class GlobalAvgPool2D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 2
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.mean(axes: spatialAxes, file: at.file, line: at.line)
  }
}

/// The mean of each channel over all of a volume.
///
/// - Shape: `x[N, D, H, W, C] → y[N, C]`; `[N, C, D, H, W]` with channels first.
/// - Source: Lin, Chen and Yan 2014, "Network in network", section 3.2.
public final class GlobalAvgPool3D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 3
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.mean(axes: spatialAxes, file: at.file, line: at.line)
  }
}

/// The largest element of each channel over all of a sequence.
///
/// - Shape: `x[N, L, C] → y[N, C]`; `[N, C, L]` with channels first.
public final class GlobalMaxPool1D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 1
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.max(axes: spatialAxes, file: at.file, line: at.line)
  }
}

/// The largest element of each channel over all of an image.
///
/// - Shape: `x[N, H, W, C] → y[N, C]`; `[N, C, H, W]` with channels first.
public final class GlobalMaxPool2D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 2
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.max(axes: spatialAxes, file: at.file, line: at.line)
  }
}

/// The largest element of each channel over all of a volume.
///
/// - Shape: `x[N, D, H, W, C] → y[N, C]`; `[N, C, D, H, W]` with channels first.
public final class GlobalMaxPool3D: GlobalPoolingLayer, Layer {
  public static let spatialRank = 3
  public let layout: ImageLayout
  public init(layout: ImageLayout = .channelsLast) { self.layout = layout }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.max(axes: spatialAxes, file: at.file, line: at.line)
  }
}
