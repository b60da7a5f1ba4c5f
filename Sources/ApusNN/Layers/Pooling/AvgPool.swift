import ApusCore

/// The mean of each window of a sequence, channel by channel.
///
///     L' = ⌊(L + low + high − window) / stride⌋ + 1
///
/// - Shape: `x[N, L, C] → y[N, L', C]`; `[N, C, L]` with channels first.
public final class AvgPool1D: AveragePoolingLayer, Layer {
  public static let spatialRank = 1
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// The mean of each window of an image, channel by channel.
///
///     H' = ⌊(H + low + high − window) / stride⌋ + 1
///
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first.
public final class AvgPool2D: AveragePoolingLayer, Layer {
  public static let spatialRank = 2
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}

/// The mean of each window of a volume, channel by channel.
///
///     D' = ⌊(D + low + high − window) / stride⌋ + 1
///
/// - Shape: `x[N, D, H, W, C] → y[N, D', H', W', C]`; `[N, C, D, H, W]` with channels first.
public final class AvgPool3D: AveragePoolingLayer, Layer {
  public static let spatialRank = 3
  public let settings: PoolingSettings
  public init(_ settings: PoolingSettings) { self.settings = settings }
}
