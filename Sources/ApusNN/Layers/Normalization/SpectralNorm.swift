import ApusCore

/// A weight divided by its largest singular value, which bounds how much a layer stretches.
///
///     weight = orig / σ,   σ = uᵀ·W·v
///
/// ```swift
/// let layer = Conv2D(64, kernel: 4).deriving(\.weight, by: SpectralNorm())
/// ```
/// `W` is the weight as a matrix: `axis` against all other axes. `u` and `v` approach its first
/// singular vectors by power iteration, `u ← Wv / ‖Wv‖, v ← Wᵀu / ‖Wᵀu‖`: 15 times at the start and
/// `iterations` times whenever the weight is read in training. Inference leaves them alone. No
/// gradient flows through them. For transposed convolutions, whose weights are `[in, out, …]`, the
/// axis is 1.
///
/// - Shape: `orig[…] → weight[…]`, of rank 2 or more; `u[n], v[m]` with `n` the extent of `axis` and
///   `m` the product of the others.
/// - Parameters held: `weight_orig`; buffers `weight_u`, `weight_v` (normal, of length 1), as by
///   PyTorch's `utils.spectral_norm`; its `parametrizations.spectral_norm` calls them
///   `parametrizations.weight.original`, `….0._u` and `….0._v`.
/// - Source: Miyato et al. 2018, algorithm 1.
public final class SpectralNorm: Module, Derivation, CustomStringConvertible {
  public let iterations: Int
  public let axis: Int
  public let epsilon: Double
  public let original = Parameter(name: "orig")
  public let u = Buffer(.normal(deviation: 1))
  public let v = Buffer(.normal(deviation: 1))

  public init(iterations: Int = 1, axis: Int = 0, epsilon: Double = 1e-12) {
    self.iterations = iterations
    self.axis = axis
    self.epsilon = epsilon
  }

  public func start(from weight: Tensor) throws(Violation) {
    if weight.error == nil {
      try require(
        weight.dtype.isFloating, "spectral norm needs a floating weight, not \(weight.dtype)")
      try require(
        weight.rank >= 2 && weight.count > 0,
        "spectral norm needs a weight of rank 2 or more with elements, not \(weight.shape)")
      try require(
        (0...1_000).contains(iterations), "\(iterations) iterations are not a number from 0 to 1000"
      )
      try require(epsilon > 0 && epsilon.isFinite, "epsilon \(epsilon) is not above 0 and finite")
      _ = try weight.shape.normalized(axis: axis)
    }
    try original.allocate(weight)
    guard u.type == nil || v.type == nil, weight.error == nil else { return }
    let matrix = matrix(of: weight)
    try u.allocate(weight.dtype, [matrix.shape[0]])
    try v.allocate(weight.dtype, [matrix.shape[1]])
    let (first, second) = iterated(matrix, (unit(u.value), unit(v.value)), 15)
    do throws(TensorError) {
      try u.assign(first)
      try v.assign(second)
    } catch { throw Violation(error.reason) }
  }

  public func value(_ context: Context) -> Tensor {
    let weight = original.value
    let matrix = matrix(of: weight)
    var vectors = (u: context.value(of: u), v: context.value(of: v))
    if context.isTraining, iterations > 0 {
      vectors = iterated(matrix.stoppingGradient(), vectors, iterations)
      let (first, second) = vectors
      context.update(u) { _ in first }
      context.update(v) { _ in second }
    }
    let stretched = (matrix * vectors.v.stoppingGradient()).sum(axes: [1])
    return weight / (stretched * vectors.u.stoppingGradient()).sum()
  }

  private func matrix(of weight: Tensor) -> Tensor {
    if weight.error != nil { return weight }
    let place = axis < 0 ? axis + weight.rank : axis
    let others = (0..<weight.rank).filter { $0 != place }
    let rows = weight.shape[axis]
    return weight.transposed(permutation: [place] + others)
      .reshaped(to: [rows, weight.count / max(rows, 1)])
  }

  private func iterated(
    _ matrix: Tensor, _ vectors: (u: Tensor, v: Tensor), _ count: Int
  ) -> (u: Tensor, v: Tensor) {
    var (u, v) = vectors
    for _ in 0..<count {
      u = unit(matmul(matrix, v.expanded(at: 1)).squeezed(axes: [1]))
      v = unit(matmul(u.expanded(at: 0), matrix).squeezed(axes: [0]))
    }
    return (u, v)
  }

  private func unit(_ x: Tensor) -> Tensor {
    x / maximum(x.square().sum().sqrt(), Tensor(epsilon, dtype: x.dtype))
  }

  public var description: String { "SpectralNorm(\(iterations) iterations)" }
}
