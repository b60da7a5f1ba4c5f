import ApusCore

/// An activation drawn from each window in training; in inference the mean of the window's
/// activations, weighted by the same probabilities.
///
///     pᵢ = max(xᵢ, 0) / Σ max(xⱼ, 0);   training: y = x_l, l ~ p;   inference: y = Σ pᵢ·xᵢ
///
/// Meant to follow a ReLU: elements up to 0 are never drawn, and a window without others gives 0.
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first; extents as in
///   ``MaxPool2D``.
/// - Source: Zeiler and Fergus 2013, "Stochastic pooling for regularization of deep convolutional
///   neural networks", section 3.
public final class StochasticPool2D: PoolingLayer, Layer {
  public static let spatialRank = 2
  public let settings: PoolingSettings

  /// Creates a layer; lists hold one number per spatial axis, or one for all.
  public init(
    window: [Int], stride: [Int]? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    var settings = PoolingSettings(window: window, stride: stride)
    settings.padding = padding
    settings.layout = layout
    self.settings = settings
  }

  /// Creates a layer with a square window.
  ///
  /// - Parameter stride: The window's size unless given.
  public convenience init(
    _ window: Int = 2, stride: Int? = nil, padding: Padding = .valid,
    layout: ImageLayout = .channelsLast
  ) {
    self.init(window: [window], stride: stride.map { [$0] }, padding: padding, layout: layout)
  }

  public func pooled(_ x: Tensor, _ context: Context, at site: CallSite) -> Tensor {
    guard context.isTraining else {
      return x.expectedStochasticPooled(
        window: window, stride: stride, padding: padding, file: site.file, line: site.line)
    }
    return x.stochasticPooled(
      window: window, stride: stride, padding: padding, key: context.nextKey(), file: site.file,
      line: site.line)
  }
}
