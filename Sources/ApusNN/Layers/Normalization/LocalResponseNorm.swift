import ApusCore

/// Divides every element by a power of the squares in neighbouring channels.
///
///     y_c = x_c / (k + alpha/size · Σ x_j²)^beta,   j from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋
///
/// Channels outside count 0, and `alpha` is divided by `size`, as in PyTorch; the formula of the
/// paper has no such division: there, give `alpha · size`. The paper's network takes
/// `size: 5, alpha: 5e-4, k: 2`.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C]`; with channels first, `x[N, C, S…] → y[N, C, S…]`.
/// - Source: Krizhevsky, Sutskever and Hinton 2012, section 3.3.
public final class LocalResponseNorm: Layer, CustomStringConvertible {
  /// How many channels a sum goes over.
  public let size: Int
  public let alpha: Double
  public let beta: Double
  public let k: Double
  public let layout: ImageLayout

  public init(
    _ size: Int = 5, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1,
    layout: ImageLayout = .channelsLast
  ) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    _ = try requireChannels(x, layout, held: nil)
    try require(size > 0, "size \(size) is not a positive number")
    for (name, value) in [("alpha", alpha), ("beta", beta), ("k", k)] {
      try require(value.isFinite, "\(name) \(value) is not finite")
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    layout.withChannelsLast(x) { x in
      let channels = x.shape[-1]
      if x.count == 0 { return x }
      // Neighbours farther away than the last channel do not exist.
      let low = min(size / 2, channels - 1)
      let high = min((size - 1) / 2, channels - 1)
      let rows = x.square().reshaped(to: [x.count / channels, channels, 1])
      let means = rows.averagePooled(
        window: [low + high + 1], stride: [1], padding: .explicit([(low, high)]),
        countingPadding: true)
      let sums = means.reshaped(to: x.shape) * (alpha * Double(low + high + 1) / Double(size))
      return x * pow(sums + k, -beta)
    }
  }

  public var description: String { "LocalResponseNorm(\(size))" }
}
