import ApusCore

/// What every pooling over windows is told; lists hold one number per spatial axis, or one for all.
public struct PoolingSettings: Sendable {
  public var window: [Int]
  /// The window unless given.
  public var stride: [Int]?
  public var padding: Padding = .valid
  public var dilation: [Int] = [1]
  /// Whether a last window that begins inside and ends outside counts.
  public var ceilMode = false
  /// Whether means take padding in as zeros.
  public var countsPadding = false
  public var layout: ImageLayout = .channelsLast

  public init(window: [Int], stride: [Int]? = nil) {
    self.window = window
    self.stride = stride
  }
}

/// A layer that makes one element of each window of every channel; what the poolings share.
public protocol PoolingLayer: Layer, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  var settings: PoolingSettings { get }

  /// Pools `x[N, s…, C]`.
  func pooled(_ x: Tensor, _ context: Context, at site: CallSite) -> Tensor
}

extension PoolingLayer {
  public var window: [Int] { perAxis(settings.window, Self.spatialRank) }
  public var stride: [Int] { perAxis(settings.stride ?? settings.window, Self.spatialRank) }
  public var padding: Padding { settings.padding }
  public var layout: ImageLayout { settings.layout }

  public func build(for x: TensorType) throws(Violation) {
    try requireSpatial(x, axes: Self.spatialRank)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    layout.fromChannelsLast(pooled(layout.toChannelsLast(x), context, at: .ofLayer))
  }

  public var description: String {
    let steps = stride == window ? "" : ", stride \(printed(stride))"
    return "\(Self.self)(\(printed(window))\(steps))"
  }
}

/// What the max poolings share.
public protocol MaxPoolingLayer: PoolingLayer {
  init(_ settings: PoolingSettings)
}

extension MaxPoolingLayer {
  public var dilation: [Int] { settings.dilation }

  /// Creates a layer with a window of equal extents.
  ///
  /// - Parameters:
  ///   - stride: The window's size unless given.
  ///   - ceilMode: Whether a last window that begins inside and ends outside counts.
  public init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid, dilation: Int = 1,
    ceilMode: Bool = false, layout: ImageLayout = .channelsLast
  ) {
    self.init(
      window: [window], stride: stride.map { [$0] }, padding: padding, dilation: [dilation],
      ceilMode: ceilMode, layout: layout)
  }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, dilation: [Int] = [1],
    ceilMode: Bool = false, layout: ImageLayout = .channelsLast
  ) {
    var settings = PoolingSettings(window: window, stride: stride)
    settings.padding = padding
    settings.dilation = dilation
    settings.ceilMode = ceilMode
    settings.layout = layout
    self.init(settings)
  }

  public func pooled(_ x: Tensor, _ context: Context, at site: CallSite) -> Tensor {
    x.maxPooled(
      window: window, stride: stride, padding: padding, dilation: settings.dilation,
      ceilMode: settings.ceilMode, file: site.file, line: site.line)
  }

  /// Returns the largest elements and where they lie, for a ``MaxUnpool2D``.
  ///
  /// - Shape: as of a call; the places are `int64`, counted over the spatial axes in row-major order.
  public func withIndices(
    _ x: Tensor, _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> (values: Tensor, indices: Tensor) {
    // The call checks the input and tells mistakes.
    let values = self(x, context, file: file, line: line)
    if values.error != nil { return (values, values) }
    let indices = layout.toChannelsLast(x).maxPooledWithIndices(
      window: window, stride: stride, padding: padding, dilation: settings.dilation,
      ceilMode: settings.ceilMode, file: file, line: line
    ).indices
    return (values, layout.fromChannelsLast(indices))
  }
}

/// What the average poolings share.
public protocol AveragePoolingLayer: PoolingLayer {
  init(_ settings: PoolingSettings)
}

extension AveragePoolingLayer {
  /// Creates a layer with a window of equal extents.
  ///
  /// - Parameters:
  ///   - stride: The window's size unless given.
  ///   - ceilMode: Whether a last window that begins inside and ends outside counts.
  ///   - countsPadding: Whether the mean takes padding in as zeros.
  public init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid, ceilMode: Bool = false,
    countsPadding: Bool = false, layout: ImageLayout = .channelsLast
  ) {
    self.init(
      window: [window], stride: stride.map { [$0] }, padding: padding, ceilMode: ceilMode,
      countsPadding: countsPadding, layout: layout)
  }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid, ceilMode: Bool = false,
    countsPadding: Bool = false, layout: ImageLayout = .channelsLast
  ) {
    var settings = PoolingSettings(window: window, stride: stride)
    settings.padding = padding
    settings.ceilMode = ceilMode
    settings.countsPadding = countsPadding
    settings.layout = layout
    self.init(settings)
  }

  public func pooled(_ x: Tensor, _ context: Context, at site: CallSite) -> Tensor {
    x.averagePooled(
      window: window, stride: stride, padding: padding, countingPadding: settings.countsPadding,
      ceilMode: settings.ceilMode, file: site.file, line: site.line)
  }
}

/// What the power-average poolings share.
public protocol LpPoolingLayer: PoolingLayer {
  /// The exponent.
  var p: Double { get }
  init(_ p: Double, _ settings: PoolingSettings)
}

extension LpPoolingLayer {
  /// Creates a layer with a window of equal extents.
  ///
  /// - Parameters:
  ///   - p: The exponent, above 0.
  ///   - stride: The window's size unless given.
  public init(
    _ p: Double, window: Int, stride: Int? = nil, ceilMode: Bool = false,
    layout: ImageLayout = .channelsLast
  ) {
    self.init(
      p, window: [window], stride: stride.map { [$0] }, ceilMode: ceilMode, layout: layout)
  }

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    _ p: Double, window: [Int], stride: [Int]? = nil, ceilMode: Bool = false,
    layout: ImageLayout = .channelsLast
  ) {
    var settings = PoolingSettings(window: window, stride: stride)
    settings.ceilMode = ceilMode
    settings.layout = layout
    self.init(p, settings)
  }

  public func pooled(_ x: Tensor, _ context: Context, at site: CallSite) -> Tensor {
    x.lpPooled(
      p: p, window: window, stride: stride, ceilMode: settings.ceilMode, file: site.file,
      line: site.line)
  }
}
