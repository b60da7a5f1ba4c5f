import ApusCore

/// The `p`-norm of each window of a sequence, channel by channel: `(Σ xᵖ)^(1/p)`.
///
/// `p` = 1 gives sums, `p` → ∞ the largest element.
/// - Shape: `x[N, L, C] → y[N, L', C]`; `[N, C, L]` with channels first.
/// - Source: Sermanet, Chintala and LeCun 2012, section 2.2.
public final class LpPool1D: LpPoolingLayer, Layer {
  public static let spatialRank = 1
  public let p: Double
  public let settings: PoolingSettings
  public init(_ p: Double, _ settings: PoolingSettings) {
    self.p = p
    self.settings = settings
  }
}

/// The `p`-norm of each window of an image, channel by channel: `(Σ xᵖ)^(1/p)`.
///
/// `p` = 1 gives sums, `p` → ∞ the largest element.
/// - Shape: `x[N, H, W, C] → y[N, H', W', C]`; `[N, C, H, W]` with channels first.
/// - Source: Sermanet, Chintala and LeCun 2012, section 2.2.
public final class LpPool2D: LpPoolingLayer, Layer {
  public static let spatialRank = 2
  public let p: Double
  public let settings: PoolingSettings
  public init(_ p: Double, _ settings: PoolingSettings) {
    self.p = p
    self.settings = settings
  }
}

/// The `p`-norm of each window of a volume, channel by channel: `(Σ xᵖ)^(1/p)`.
///
/// `p` = 1 gives sums, `p` → ∞ the largest element.
/// - Shape: `x[N, D, H, W, C] → y[N, D', H', W', C]`; `[N, C, D, H, W]` with channels first.
/// - Source: Sermanet, Chintala and LeCun 2012, section 2.2.
public final class LpPool3D: LpPoolingLayer, Layer {
  public static let spatialRank = 3
  public let p: Double
  public let settings: PoolingSettings
  public init(_ p: Double, _ settings: PoolingSettings) {
    self.p = p
    self.settings = settings
  }
}
