import ApusCore

/// A convolution of sequences: `y = activation(x ⋆ weight + bias)`.
///
///     y[n, o, k] = Σ_{c, f} x[n, o·stride + f·dilation − low, c] · weight[k, c, f] + bias[k]
///
/// Causal padding is `.explicit([((kernel − 1)·dilation, 0)])`.
/// - Shape: `x[N, L, C] → y[N, L', filters]`; `[N, C, L]` with channels first.
///   `L' = ⌊(L + low + high − dilation·(kernel − 1) − 1) / stride⌋ + 1`.
/// - Parameters held: `weight [filters, C/groups, k]` (Glorot uniform unless given), `bias [filters]`
///   (zeros).
/// - Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".
public final class Conv1D: ConvolutionLayer, Layer {
  public static let spatialRank = 1
  public let settings: ConvolutionSettings
  public let weight: Parameter
  public let bias: Parameter?

  public init(settings: ConvolutionSettings, weight: Initializer, bias: Initializer?) {
    self.settings = settings
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}

/// A convolution of images: `y = activation(x ⋆ weight + bias)`.
///
///     y[n, o, p, k] = Σ_{c, f, g} x[n, o·s + f·d − low, p·s + g·d − low, c] · weight[k, c, f, g] + bias[k]
///
/// A kernel of 1 mixes channels alone (network in network); `groups` cuts channels and filters into
/// parts that do not mix.
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first.
///   `H' = ⌊(H + low + high − dilation·(kernel − 1) − 1) / stride⌋ + 1`.
/// - Parameters held: `weight [filters, C/groups, kh, kw]` (Glorot uniform unless given),
///   `bias [filters]` (zeros).
/// - Source: LeCun et al. 1998, section 2; Dumoulin and Visin 2016.
public final class Conv2D: ConvolutionLayer, Layer {
  public static let spatialRank = 2
  public let settings: ConvolutionSettings
  public let weight: Parameter
  public let bias: Parameter?

  public init(settings: ConvolutionSettings, weight: Initializer, bias: Initializer?) {
    self.settings = settings
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}

/// A convolution of volumes or videos: `y = activation(x ⋆ weight + bias)`.
///
/// - Shape: `x[N, D, H, W, C] → y[N, D', H', W', filters]`; `[N, C, D, H, W]` with channels first;
///   extents as in ``Conv2D``.
/// - Parameters held: `weight [filters, C/groups, kd, kh, kw]` (Glorot uniform unless given),
///   `bias [filters]` (zeros).
/// - Source: Ji et al. 2013, "3D convolutional neural networks for human action recognition".
public final class Conv3D: ConvolutionLayer, Layer {
  public static let spatialRank = 3
  public let settings: ConvolutionSettings
  public let weight: Parameter
  public let bias: Parameter?

  public init(settings: ConvolutionSettings, weight: Initializer, bias: Initializer?) {
    self.settings = settings
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}
