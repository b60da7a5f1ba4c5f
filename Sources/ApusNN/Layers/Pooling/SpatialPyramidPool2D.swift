import ApusCore

/// Max poolings of an image to several fixed grids, joined to one row: features of a fixed number for
/// images of any size.
///
/// - Shape: `x[N, H, W, C] → y[N, Σ level²·C]`, level by level, each in row-major order with the
///   channels last; `[N, C, H, W]` with channels first gives each level's channels first.
/// - Source: He et al. 2014, "Spatial pyramid pooling in deep convolutional networks for visual
///   recognition", section 2.2.
public final class SpatialPyramidPool2D: Layer, CustomStringConvertible {
  /// The number of bins per axis of each level.
  public let levels: [Int]
  public let layout: ImageLayout

  public init(levels: [Int] = [4, 2, 1], layout: ImageLayout = .channelsLast) {
    self.levels = levels
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireImages(x)
    try require(!levels.isEmpty, "has no levels")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let input = layout.toChannelsLast(x)
    let parts = levels.map { level in
      layout.fromChannelsLast(
        input.adaptiveMaxPooled(to: [level], file: at.file, line: at.line)
      ).flattened(from: 1, file: at.file, line: at.line)
    }
    if let failed = parts.first(where: { $0.error != nil }) { return failed }
    return concatenated(parts, axis: 1, file: at.file, line: at.line)
  }

  public var description: String { "SpatialPyramidPool2D(\(levels))" }
}
