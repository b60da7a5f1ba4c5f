import ApusCore

/// What the unpoolings share.
public protocol MaxUnpoolingLayer: Module, CustomStringConvertible {
  /// The number of spatial axes.
  static var spatialRank: Int { get }
  var settings: PoolingSettings { get }
  init(_ settings: PoolingSettings)
}

extension MaxUnpoolingLayer {
  /// Creates the counterpart of a max pooling with these windows.
  public init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    self.init(
      window: [window], stride: stride.map { [$0] }, padding: padding, layout: layout)
  }

  /// Creates the counterpart of a max pooling with these windows; lists hold one number per spatial
  /// axis, or one for all.
  public init(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    var settings = PoolingSettings(window: window, stride: stride)
    settings.padding = padding
    settings.layout = layout
    self.init(settings)
  }

  /// Puts the elements of `x` at their places; everything else is 0.
  ///
  /// Where windows overlap, a place named more than once holds the mean.
  /// - Parameters:
  ///   - indices: Where the elements lay, as ``MaxPoolingLayer/withIndices(_:_:file:line:)`` tells.
  ///   - size: The spatial extents of the result; the smallest that pool to `x` unless given.
  public func callAsFunction(
    _ x: Tensor, indices: Tensor, size: [Int]? = nil, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if let failed = [x, indices].first(where: { $0.error != nil }) { return failed }
    return scoped(context, file: file, line: line) { context in
      let layout = settings.layout
      let y: Tensor
      do throws(Violation) {
        try requireSpatial(x.type, axes: Self.spatialRank)
        let input = layout.toChannelsLast(x)
        let extents = if let size { size } else { try extents(of: input) }
        let window = perAxis(settings.window, Self.spatialRank)
        let stride = perAxis(settings.stride ?? settings.window, Self.spatialRank)
        let isDisjoint = zip(window, stride).allSatisfy { $0 <= $1 }
        y = input.maxUnpooled(
          layout.toChannelsLast(indices), to: extents, naming: isDisjoint ? .once : .repeatedly,
          file: file, line: line)
      } catch {
        return Tensor(
          error: TensorError(
            operation: "\(Self.self)", reason: error.reason,
            operands: [
              .init(name: "input", type: x.type), .init(name: "indices", type: indices.type),
            ], layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
      }
      let result = layout.fromChannelsLast(y)
      context.observe(self, output: result)
      return result
    }
  }

  /// `(o − 1)·stride − low − high + window` along every axis.
  private func extents(of x: Tensor) throws(Violation) -> [Int] {
    let axes = Self.spatialRank
    let window = perAxis(settings.window, axes)
    let stride = perAxis(settings.stride ?? settings.window, axes)
    var low = Array(repeating: 0, count: axes)
    var high = low
    switch settings.padding {
    case .valid: break
    case .same: throw Violation("padding .same leaves the size open: give it")
    case .explicit(let pairs):
      low = perAxis(pairs.map(\.0), axes)
      high = perAxis(pairs.map(\.1), axes)
    }
    for (name, list) in [("window", window), ("stride", stride), ("padding", low)] {
      try require(list.count == axes, "\(name) \(list) is not one number per spatial axis")
    }
    let sizes = window + stride + low + high
    try require(
      sizes.allSatisfy { $0 >= 0 && $0 < 1 << 31 } && !(window + stride).contains(0),
      "window \(window), stride \(stride), padding \(low) and \(high) are no sizes of windows")
    return (0..<axes).map { axis in
      let steps = (x.shape[axis + 1] - 1).timesClamped(stride[axis])
      return steps.plusClamped(window[axis] - low[axis] - high[axis])
    }
  }

  public var description: String {
    "\(Self.self)(\(printed(perAxis(settings.window, Self.spatialRank))))"
  }
}

/// Puts the largest elements of windows of a sequence back where a ``MaxPool1D`` found them.
///
/// - Shape: `x[N, o, C], indices[N, o, C] → y[N, L, C]`; channels first likewise. A place outside the
///   result is a data error, found by evaluation.
/// - Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
///   section 2.1.
public final class MaxUnpool1D: MaxUnpoolingLayer, Module {
  public static let spatialRank = 1
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// Puts the largest elements of windows of an image back where a ``MaxPool2D`` found them.
///
/// - Shape: `x[N, o, p, C], indices[N, o, p, C] → y[N, H, W, C]`; channels first likewise. A place outside the
///   result is a data error, found by evaluation.
/// - Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
///   section 2.1.
public final class MaxUnpool2D: MaxUnpoolingLayer, Module {
  public static let spatialRank = 2
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// Puts the largest elements of windows of a volume back where a ``MaxPool3D`` found them.
///
/// - Shape: `x[N, o, p, q, C], indices[N, o, p, q, C] → y[N, D, H, W, C]`; channels first likewise. A place outside the
///   result is a data error, found by evaluation.
/// - Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
///   section 2.1.
public final class MaxUnpool3D: MaxUnpoolingLayer, Module {
  public static let spatialRank = 3
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}
