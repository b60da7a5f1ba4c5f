import ApusCore

/// Appends to every sample how near the others of its batch are, so that a discriminator sees when a
/// generator always makes the same.
///
///     M_n = x_n · T, in `features` rows of `dimensions` numbers
///     o_n,b = Σ over samples m ≠ n of exp(−‖M_n,b − M_m,b‖₁),   y_n = [x_n, o_n]
///
/// Memory grows with the square of the batch.
///
/// - Shape: `x[N, F] → y[N, F + features]`.
/// - Parameters held: `weight [F, features, dimensions]` (normal, σ = 1).
/// - Source: Salimans et al. 2016, section 3.2.
public final class MinibatchDiscrimination: Layer, CustomStringConvertible {
  public let features: Int
  public let dimensions: Int
  public let weight: Parameter

  public init(
    _ features: Int, dimensions: Int = 5, weight: Initializer = .normal(deviation: 1)
  ) {
    self.features = features
    self.dimensions = dimensions
    self.weight = Parameter(weight)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank == 2, "needs samples [batch, features], not rank \(x.rank)")
    try require(
      features > 0 && dimensions > 0,
      "\(features) features of \(dimensions) dimensions are not positive numbers")
    let shape = Shape([x[1], features, dimensions])
    try TensorType(x.dtype, shape).checkSize("the weight")
    try weight.allocate(x.dtype, shape)
    if let held = weight.type {
      try require(held[0] == x[1], "takes \(held[0]) features, the input has \(x[1])")
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let (count, inner) = (x.shape[0], x.shape[1])
    let table = weight.value.reshaped(to: [inner, features * dimensions])
    let rows = matmul(x, table, file: at.file, line: at.line)
      .reshaped(to: [count, features, dimensions])
    let distance = (rows.expanded(at: 1) - rows.expanded(at: 0)).abs().sum(axes: [3])
    // A sample is at distance 0 from itself.
    let near = (-distance).exp().sum(axes: [1]) - 1
    return concatenated([x, near], axis: 1, file: at.file, line: at.line)
  }

  public var description: String { "MinibatchDiscrimination(\(features) × \(dimensions))" }
}

/// Appends a channel that tells how much the samples of a group differ: the standard deviation over
/// the group, averaged over channels and places.
///
/// A batch is cut into groups of `groupSize` samples, or is one group where it is smaller; samples
/// `i`, `i + N/groupSize`, … form a group, as in the authors' program.
///
/// - Shape: `x[N, S…, C] → y[N, S…, C + 1]`; with channels first, `x[N, C, S…] → y[N, C + 1, S…]`.
///   `N` must be a multiple of the group's size.
/// - Source: Karras et al. 2018, "Progressive growing of GANs", section 3.
public final class MinibatchStandardDeviation: Layer, CustomStringConvertible {
  public let groupSize: Int
  public let epsilon: Double
  public let layout: ImageLayout

  public init(
    groupSize: Int = 4, epsilon: Double = 1e-8, layout: ImageLayout = .channelsLast
  ) {
    self.groupSize = groupSize
    self.epsilon = epsilon
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    _ = try requireChannels(x, layout, held: nil)
    try require(groupSize > 0, "group size \(groupSize) is not a positive number")
    try require(
      epsilon >= 0 && epsilon.isFinite, "epsilon \(epsilon) is not a finite number from 0")
    try require(
      x[0] % max(min(groupSize, x[0]), 1) == 0,
      "\(x[0]) samples do not make groups of \(groupSize)")
    try require(!x.dims.dropFirst().contains(0), "\(x.shape) has samples without elements")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let size = max(min(groupSize, x.shape[0]), 1)
    let groups = x.shape[0] / size
    let rest = x.shape.dims.dropFirst().reduce(1, *)
    let grouped = x.reshaped(to: [size, groups, rest])
    let deviation = (grouped.variance(axes: [0]) + epsilon).sqrt().mean(axes: [1])
    let channel = layout.channelAxis(rank: x.rank)
    let column = deviation.expanded(at: 0).broadcast(to: [size, groups])
      .reshaped(to: [x.shape[0]] + Array(repeating: 1, count: x.rank - 1))
    var dims = x.shape.dims
    dims[channel] = 1
    return concatenated([x, column.broadcast(to: Shape(dims))], axis: channel)
  }

  public var description: String { "MinibatchStandardDeviation(\(groupSize))" }
}
