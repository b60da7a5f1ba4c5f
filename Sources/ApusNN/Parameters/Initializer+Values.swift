import ApusCore

extension Initializer {
  /// Returns first values for a parameter; a failed tensor when the settings or the type do not fit.
  ///
  /// - Parameters:
  ///   - path: The parameter's property path; with the seed it decides the values.
  ///   - fans: Where the weight's layout is not that of ``Fans/init(weight:)``.
  public func values(
    _ type: TensorType, seed: UInt64, path: String, fans: Fans? = nil
  ) -> Tensor {
    do throws(Violation) {
      if let problem { throw Violation(problem) }
      if let violation = type.sizeViolation { throw violation }
      let key = RandomKey(seed: Int(truncatingIfNeeded: seed)).folding(in: Self.number(of: path))
      return try draw(type, key, fans ?? Fans(weight: type.shape))
    } catch {
      return Tensor(
        error: TensorError(
          operation: "initializer", reason: "\(description): \(error.reason)",
          operands: [.init(name: "parameter", type: type)], layerPath: LayerScope.current?.path,
          site: LayerScope.current?.site))
    }
  }

  private func draw(
    _ type: TensorType, _ key: RandomKey, _ fans: Fans
  ) throws(Violation) -> Tensor {
    func normal(_ mean: Double, _ deviation: Double) -> Tensor {
      .normal(type.shape, mean: mean, standardDeviation: deviation, dtype: type.dtype, key: key)
    }
    func uniform(_ lower: Double, _ upper: Double) throws(Violation) -> Tensor {
      try require((upper - lower).isFinite, "gives no finite range")
      return lower < upper
        ? .uniform(type.shape, in: lower..<upper, dtype: type.dtype, key: key)
        : Tensor(repeating: lower, shape: type.shape, dtype: type.dtype)
    }
    switch rule {
    case .constant(let value):
      return Tensor(repeating: value, shape: type.shape, dtype: type.dtype)
    case .normal(let mean, let deviation): return normal(mean, deviation)
    case .uniform(let lower, let upper): return try uniform(lower, upper)
    case .truncatedNormal(let mean, let deviation, let limit):
      return .truncatedNormal(
        type.shape, mean: mean, standardDeviation: deviation, limit: limit, dtype: type.dtype,
        key: key)
    case .scaledNormal(let scale, let fan):
      return normal(0, (scale / fans.value(fan)).squareRoot())
    case .scaledUniform(let scale, let fan):
      let limit = (3 * scale / fans.value(fan)).squareRoot()
      return try uniform(-limit, limit)
    case .identity(let gain): return try Self.identity(type, gain)
    case .dirac(let groups): return try Self.dirac(type, groups)
    case .orthogonal(let gain): return try Self.orthogonal(type, gain, key)
    case .sparse(let share, let deviation):
      try require(type.rank == 2, "needs a matrix, not rank \(type.rank)")
      return Self.withoutShare(share, normal(0, deviation), key)
    }
  }

  /// A number for a path: FNV-1a of its bytes, 64 bits.
  static func number(of path: String) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash)
  }
}

extension Initializer {
  private static func identity(_ type: TensorType, _ gain: Double) throws(Violation) -> Tensor {
    try require(type.rank == 2, "needs a matrix, not rank \(type.rank)")
    let rows = Tensor.iota(type.shape, axis: 0, dtype: .int64)
    let columns = Tensor.iota(type.shape, axis: 1, dtype: .int64)
    return gain * (rows .== columns).converted(to: type.dtype)
  }

  /// One where all of these hold: the middle of the window, equal numbers of channels.
  private static func dirac(_ type: TensorType, _ groups: Int) throws(Violation) -> Tensor {
    try require((3...5).contains(type.rank), "needs a rank from 3 to 5, not \(type.rank)")
    try require(type[0] % groups == 0, "\(groups) groups do not divide \(type[0]) outputs")
    let perGroup = max(type[0] / groups, 1)
    let output = Tensor.iota(type.shape, axis: 0, dtype: .int64) % Tensor(integer: Int64(perGroup))
    var isOne = output .== Tensor.iota(type.shape, axis: 1, dtype: .int64)
    for axis in 2..<type.rank {
      let middle = Tensor(integer: Int64(type[axis] / 2))
      isOne = isOne .& (Tensor.iota(type.shape, axis: axis, dtype: .int64) .== middle)
    }
    return isOne.converted(to: type.dtype)
  }

  private static func orthogonal(
    _ type: TensorType, _ gain: Double, _ key: RandomKey
  ) throws(Violation) -> Tensor {
    try require(type.rank >= 2, "needs rank 2 or more, not \(type.rank)")
    try require(type.dtype.isFloating, "needs a floating dtype, not \(type.dtype)")
    let rows = type[0]
    let columns = type.shape.dims.dropFirst().reduce(1) { $0.timesClamped($1) }
    let (long, short) = (max(rows, columns), min(rows, columns))
    try require(
      short <= OrthogonalMatrix.largestSide,
      "\(rows)×\(columns) is too large: the smaller side may be \(OrthogonalMatrix.largestSide)")
    if short == 0 { return Tensor.zeros(type.shape, dtype: type.dtype) }
    // The columns of a long matrix lie one after the other, as rows of a wide one.
    let drawn = Tensor.normal([short, long], dtype: .float64, key: key)
    do throws(TensorError) {
      var values = try drawn.scalars(as: Double.self)
      OrthogonalMatrix.orthonormalize(&values, count: short, length: long)
      let wide = Tensor(values, shape: [short, long], dtype: .float64)
      let matrix = rows <= columns ? wide : wide.transposed(permutation: [1, 0])
      return (gain * matrix).reshaped(to: type.shape).converted(to: type.dtype)
    } catch {
      throw Violation(error.reason)
    }
  }

  /// The matrix with the given share of every column set to zero.
  private static func withoutShare(_ share: Double, _ matrix: Tensor, _ key: RandomKey) -> Tensor {
    let zeros = (share * Double(matrix.shape[0])).rounded(.up)
    let lots = Tensor.uniform(matrix.shape, dtype: .float64, key: key.folding(in: 1))
    // Places in the order of the lots: every column is a permutation.
    let place = lots.argsorted(axis: 0, dtype: .int64).argsorted(axis: 0, dtype: .int64)
    return matrix.where(place .>= Tensor(integer: Int64(zeros)), else: Tensor(0, like: matrix))
  }
}
