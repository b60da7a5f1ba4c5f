import ApusCore

/// A transposed convolution of sequences (deconvolution): the map that gives the input gradient of a
/// ``Conv1D``, as a layer that enlarges.
///
///     L' = (L − 1)·stride − low − high + dilation·(kernel − 1) + outputPadding + 1
///
/// With padding `.same`, `L' = L·stride`. `outputPadding` must be below the stride.
/// - Shape: `x[N, L, C] → y[N, L', filters]`; `[N, C, L]` with channels first.
/// - Parameters held: `weight [C, filters/groups, k]` (Glorot uniform unless given),
///   `bias [filters]` (zeros).
/// - Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, chapter 4.
public final class ConvTranspose1D: TransposedConvolutionLayer, Layer {
  public static let spatialRank = 1
  public let settings: ConvolutionSettings
  public let outputPadding: [Int]
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    settings: ConvolutionSettings, outputPadding: [Int], weight: Initializer, bias: Initializer?
  ) {
    self.settings = settings
    self.outputPadding = outputPadding
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}

/// A transposed convolution of images (deconvolution): the map that gives the input gradient of a
/// ``Conv2D``, as a layer that enlarges.
///
///     H' = (H − 1)·stride − low − high + dilation·(kernel − 1) + outputPadding + 1
///
/// With padding `.same`, `H' = H·stride`. `outputPadding` must be below the stride.
/// - Shape: `x[N, H, W, C] → y[N, H', W', filters]`; `[N, C, H, W]` with channels first.
/// - Parameters held: `weight [C, filters/groups, kh, kw]` (Glorot uniform unless given),
///   `bias [filters]` (zeros).
/// - Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, chapter 4.
public final class ConvTranspose2D: TransposedConvolutionLayer, Layer {
  public static let spatialRank = 2
  public let settings: ConvolutionSettings
  public let outputPadding: [Int]
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    settings: ConvolutionSettings, outputPadding: [Int], weight: Initializer, bias: Initializer?
  ) {
    self.settings = settings
    self.outputPadding = outputPadding
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}

/// A transposed convolution of volumes (deconvolution): the map that gives the input gradient of a
/// ``Conv3D``, as a layer that enlarges.
///
///     D' = (D − 1)·stride − low − high + dilation·(kernel − 1) + outputPadding + 1
///
/// With padding `.same`, `D' = D·stride`. `outputPadding` must be below the stride.
/// - Shape: `x[N, D, H, W, C] → y[N, D', H', W', filters]`; `[N, C, D, H, W]` with channels first.
/// - Parameters held: `weight [C, filters/groups, kd, kh, kw]` (Glorot uniform unless given),
///   `bias [filters]` (zeros).
/// - Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, chapter 4.
public final class ConvTranspose3D: TransposedConvolutionLayer, Layer {
  public static let spatialRank = 3
  public let settings: ConvolutionSettings
  public let outputPadding: [Int]
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    settings: ConvolutionSettings, outputPadding: [Int], weight: Initializer, bias: Initializer?
  ) {
    self.settings = settings
    self.outputPadding = outputPadding
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }
}
