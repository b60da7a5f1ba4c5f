import ApusCore

/// The largest element of each window of a sequence, channel by channel; padding never wins.
///
///     L' = ⌊(L + low + high − dilation·(window − 1) − 1) / stride⌋ + 1
///
/// - Shape: `x[N, L, C] → y[N, L', C]`; `[N, C, L]` with channels first.
public final class MaxPool1D: MaxPoolingLayer, Layer {
  public static let spatialRank = 1
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// The largest element of each window of an image, channel by channel; padding never wins.
///
///     H' = ⌊(H + low + high − dilation·(window − 1) − 1) / stride⌋ + 1
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first.
public final class MaxPool2D: MaxPoolingLayer, Layer {
  public static let spatialRank = 2
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// The largest element of each window of a volume, channel by channel; padding never wins.
///
///     D' = ⌊(D + low + high − dilation·(window − 1) − 1) / stride⌋ + 1
///
/// - Shape: `x[N, D, H, W, C] → y[N, D', H', W', C]`; `[N, C, D, H, W]` with channels first.
public final class MaxPool3D: MaxPoolingLayer, Layer {
  public static let spatialRank = 3
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}
