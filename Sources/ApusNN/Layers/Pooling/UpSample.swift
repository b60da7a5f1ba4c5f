import ApusCore

/// Brings the spatial axes to a multiple of their extents, or to given ones.
///
/// `.nearest` repeats elements; `.linear()` is linear between them (bilinear for images, trilinear for
/// volumes), with half-pixel centers or aligned corners.
/// - Shape: `x[N, s…, C] → y[N, ⌊s·factor⌋…, C]`, or `y[N, size…, C]`; `[N, C, s…]` with channels
///   first.
/// - Source: PyTorch, `Upsample`.
public final class UpSample: Layer, CustomStringConvertible {
  private enum Target: Sendable {
    case factors([Double])
    case size([Int])
  }
  private let target: Target
  public let interpolation: Interpolation
  public let layout: ImageLayout

  /// Creates a layer that multiplies extents; one factor stands for all spatial axes.
  public init(
    factors: [Double], _ interpolation: Interpolation = .nearest,
    layout: ImageLayout = .channelsLast
  ) {
    target = .factors(factors)
    self.interpolation = interpolation
    self.layout = layout
  }

  /// Creates a layer that multiplies every spatial extent.
  public convenience init(
    _ factor: Double = 2, _ interpolation: Interpolation = .nearest,
    layout: ImageLayout = .channelsLast
  ) {
    self.init(factors: [factor], interpolation, layout: layout)
  }

  /// Creates a layer that gives fixed extents; one number stands for all spatial axes.
  public init(
    size: [Int], _ interpolation: Interpolation = .nearest, layout: ImageLayout = .channelsLast
  ) {
    target = .size(size)
    self.interpolation = interpolation
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) { try requireSpatial(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let input = layout.toChannelsLast(x)
    let y =
      switch target {
      case .factors(let factors):
        input.upsampled(by: factors, interpolation, file: at.file, line: at.line)
      case .size(let size):
        input.resized(to: size, interpolation, file: at.file, line: at.line)
      }
    return layout.fromChannelsLast(y)
  }

  public var description: String {
    switch target {
    case .factors(let factors):
      "UpSample(×\(factors.map { "\($0)" }.joined(separator: " ×")), \(interpolation))"
    case .size(let size): "UpSample(\(printed(size)), \(interpolation))"
    }
  }
}
