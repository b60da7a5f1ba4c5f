import ApusCore

/// Images cut into squares, each projected to a vector.
///
/// - Shape: `x[N, H, W, C] → y[N, (H / size)·(W / size), width]`, row by row; `[N, C, H, W]` with
///   channels first. The size must divide height and width.
/// - Parameters held: `weight [width, C, size, size]`, `bias [width]`, those of the convolution with
///   kernel and stride `size` that this is.
/// - Source: Dosovitskiy et al. 2021, eq. 1.
public final class PatchEmbedding: Layer, RenamingParts, CustomStringConvertible {
  public let width: Int
  public let size: Int
  let convolution: Conv2D

  public var partNames: [String: String] { ["convolution": ""] }

  public init(_ width: Int, size: Int, layout: ImageLayout = .channelsLast) {
    self.width = width
    self.size = size
    convolution = Conv2D(
      width, kernel: size, stride: size, layout: layout, weight: .leCunNormal)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireCount(width, "elements of width")
    try requireImages(x)
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    let first = convolution.layout == .channelsLast ? 1 : 2
    try require(
      size > 0 && x[first] % size == 0 && x[first + 1] % size == 0,
      "squares of \(size) do not fill images of \(x[first]) × \(x[first + 1])")
    try require(x[first] > 0 && x[first + 1] > 0, "the images are empty")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let y = convolution.layout.toChannelsLast(convolution(x, file: at.file, line: at.line))
    return y.reshaped(
      to: [y.shape[0], y.shape[1].timesClamped(y.shape[2]), width], file: at.file, line: at.line)
  }

  public var description: String { "PatchEmbedding(\(size)×\(size) → \(width))" }
}

/// Puts a learned vector before each sequence, to gather what a class head reads.
///
/// - Shape: `x[N, T, width] → y[N, 1 + T, width]`.
/// - Parameters held: `class_token [1, 1, width]` (zeros).
/// - Source: Dosovitskiy et al. 2021, eq. 1; Devlin et al. 2019.
public final class ClassToken: Layer, CustomStringConvertible {
  public let token: Parameter

  public init(_ initializer: Initializer = .zeros) {
    token = Parameter(initializer, name: "class_token")
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireSequence(x, width: token.type?[2])
    try token.allocate(x.dtype, [1, 1, x[2]])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let first = token.value.broadcast(to: [x.shape[0], 1, x.shape[2]])
    return concatenated([first, x], axis: 1, file: at.file, line: at.line)
  }

  public var description: String { "ClassToken" }
}
