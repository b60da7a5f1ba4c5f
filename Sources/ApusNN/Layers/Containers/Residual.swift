import ApusCore

/// A branch whose output joins its input: `y = activation(shortcut(x) + body(x))`.
///
/// ```swift
/// let bottleneck = Residual(
///   shortcut: Sequential { Conv2D(256, kernel: 1, useBias: false); BatchNorm() },
///   activation: .relu
/// ) {
///   Conv2D(64, kernel: 1, useBias: false)
///   BatchNorm()
///   Activation.relu
///   …
/// }
/// let dense = Residual(merging: .concatenation()) { … }   // the layers of a DenseNet, a U-Net's skip
/// ```
/// - Shape: `x[…] → y[…]`; what the two give must have one shape, but along the axis of a
///   concatenation.
/// - Parameters held: those of `body`, a ``Sequential``, and of `shortcut`.
/// - Source: He et al. 2016, equations 1 and 2; by concatenation, Huang et al. 2017, equation 2.
public final class Residual: Layer, CustomStringConvertible {
  public let body: any Layer
  /// What the input goes through on its way past the body; `nil` passes it on.
  public let shortcut: (any Layer)?
  public let merging: Merging
  public let activation: Activation

  public init(
    _ body: any Layer, shortcut: (any Layer)? = nil, merging: Merging = .sum,
    activation: Activation = .linear
  ) {
    self.body = body
    self.shortcut = shortcut
    self.merging = merging
    self.activation = activation
  }

  public convenience init(
    shortcut: (any Layer)? = nil, merging: Merging = .sum, activation: Activation = .linear,
    @LayerBuilder _ body: () -> [any Layer]
  ) {
    self.init(Sequential(body()), shortcut: shortcut, merging: merging, activation: activation)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let passed = shortcut.map { $0(x, context, file: at.file, line: at.line) } ?? x
    let y = body(x, context, file: at.file, line: at.line)
    return activation(merging([passed, y], file: at.file, line: at.line))
  }

  public var description: String {
    "Residual(\(merging)\(activation == .linear ? "" : ", \(activation)"))"
  }
}

/// A branch whose first channels are added to the input's first ones, and whose others are appended.
///
///     y = [x₁ + f₁, x₂, f₂],   x = [x₁, x₂] or shortcut(x),   f = body(x) = [f₁, f₂]
///
/// `x₁` and `f₁` are the `residual` first channels: the residual path of ResNet and the dense path of
/// DenseNet in one.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C + D]` for a body that gives `residual + D` channels; with
///   channels first, `x[N, C, S…]`.
/// - Parameters held: those of `body` and `shortcut`.
/// - Source: Chen et al. 2017, "Dual path networks", equations 6 to 9.
public final class DualPath: Layer, CustomStringConvertible {
  public let residual: Int
  public let body: any Layer
  public let shortcut: (any Layer)?
  public let layout: ImageLayout

  public init(
    residual: Int, _ body: any Layer, shortcut: (any Layer)? = nil,
    layout: ImageLayout = .channelsLast
  ) {
    self.residual = residual
    self.body = body
    self.shortcut = shortcut
    self.layout = layout
  }

  public convenience init(
    residual: Int, shortcut: (any Layer)? = nil, layout: ImageLayout = .channelsLast,
    @LayerBuilder _ body: () -> [any Layer]
  ) {
    self.init(residual: residual, Sequential(body()), shortcut: shortcut, layout: layout)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(residual > 0, "\(residual) residual channels are not a positive number")
    try require(x.rank >= 2, "needs a batch axis and channels, not rank \(x.rank)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let passed = shortcut.map { $0(x, context, file: at.file, line: at.line) } ?? x
    let f = body(x, context, file: at.file, line: at.line)
    for result in [passed, f] where result.error != nil { return result }
    let axis = layout.channelAxis(rank: x.rank)
    guard min(passed.shape[axis], f.shape[axis]) >= residual else {
      return refusal(
        "there are not \(residual) channels to add on both paths",
        [("shortcut", passed), ("body", f)], at)
    }
    func cut(_ y: Tensor) -> (Tensor, Tensor) {
      (
        y.sliced(axis: axis, 0..<residual),
        y.sliced(axis: axis, residual..<y.shape[axis])
      )
    }
    let (first, rest) = cut(passed)
    let (change, more) = cut(f)
    let sum = Merging.sum([first, change], file: at.file, line: at.line)
    return Merging.concatenation(axis: axis)([sum, rest, more], file: at.file, line: at.line)
  }

  public var description: String { "DualPath(\(residual) residual)" }
}
