import ApusCore

/// Mixes the groups of channels: channel `g·n + i` of `groups` groups of `n` becomes `i·groups + g`.
///
/// Between grouped convolutions, so that every group sees all others.
/// - Shape: `x[N, s…, C] → y[N, s…, C]`; `[N, C, s…]` with channels first.
/// - Source: Zhang et al. 2018, "ShuffleNet", section 3.1.
public final class ChannelShuffle: Layer, CustomStringConvertible {
  public let groups: Int
  public let layout: ImageLayout

  public init(groups: Int, layout: ImageLayout = .channelsLast) {
    self.groups = groups
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.rank >= 2 && x.rank < 8, "needs a batch axis and channels, not rank \(x.rank)")
    let channels = layout.channels(x)
    try require(
      groups > 0 && channels % groups == 0, "\(groups) groups do not divide \(channels) channels")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let axis = layout == .channelsLast ? x.rank - 1 : 1
    var dims = x.shape.dims
    dims.replaceSubrange(axis...axis, with: [groups, dims[axis] / groups])
    var order = Array(dims.indices)
    order.swapAt(axis, axis + 1)
    return x.reshaped(to: Shape(dims), file: at.file, line: at.line)
      .transposed(permutation: order).reshaped(to: x.shape)
  }

  public var description: String { "ChannelShuffle(\(groups))" }
}
