extension Initializer {
  /// Zero everywhere.
  public static let zeros = Initializer("zeros", .constant(0))

  /// One everywhere.
  public static let ones = Initializer("ones", .constant(1))

  /// The same finite value everywhere.
  public static func constant(_ value: Double) -> Initializer {
    Initializer("constant(\(value))", .constant(value))
  }

  /// Normal values around `mean`.
  public static func normal(mean: Double = 0, deviation: Double = 0.01) -> Initializer {
    Initializer(
      mean == 0 ? "normal(σ: \(deviation))" : "normal(μ: \(mean), σ: \(deviation))",
      .normal(mean: mean, deviation: deviation))
  }

  /// Equally likely values in a range.
  public static func uniform(_ range: ClosedRange<Double> = -0.05...0.05) -> Initializer {
    Initializer(
      "uniform(\(range))", .uniform(lower: range.lowerBound, upper: range.upperBound))
  }

  /// Normal values without those beyond `limit` deviations from the mean.
  ///
  /// `deviation` is that of the normal distribution; without its tails, that of the values is
  /// smaller: 0.8796 of it for a limit of 2. So do Keras' `TruncatedNormal`, and PyTorch's
  /// `trunc_normal_` when its absolute bounds `a`, `b` are `mean ± limit · deviation`.
  public static func truncatedNormal(
    mean: Double = 0, deviation: Double = 0.01, limit: Double = 2
  ) -> Initializer {
    let settings = mean == 0 && limit == 2 ? "" : ", μ: \(mean), limit: \(limit)"
    return Initializer(
      "truncatedNormal(σ: \(deviation)\(settings))",
      .truncatedNormal(mean: mean, deviation: deviation, limit: limit))
  }

  /// `gain` on the diagonal of a matrix `[out, in]`, zero elsewhere.
  public static func identity(gain: Double = 1) -> Initializer {
    Initializer("identity(gain: \(gain))", .identity(gain: gain))
  }

  /// A convolution weight `[out, in / groups, window…]` that hands channels through: one in the
  /// middle of the window where the input channel has the number of the output channel within its
  /// group, zero elsewhere.
  ///
  /// - Source: PyTorch's `dirac_`.
  public static func dirac(groups: Int = 1) -> Initializer {
    Initializer("dirac(groups: \(groups))", .dirac(groups: groups))
  }

  /// A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.
  ///
  /// A weight of higher rank counts as a matrix `[first axis, all others]`. The smaller side is
  /// limited to 8192.
  /// - Complexity: Cubic; computed in `float64` by Householder reflections.
  /// - Source: Saxe, McClelland and Ganguli 2014; signs as in Mezzadri 2007, so that all such
  ///   matrices are equally likely.
  public static func orthogonal(gain: Double = 1) -> Initializer {
    Initializer("orthogonal(gain: \(gain))", .orthogonal(gain: gain))
  }

  /// A matrix `[out, in]` of normal values, in every column of which ⌈`share`·out⌉ are zero.
  ///
  /// - Source: Martens 2010; PyTorch's `sparse_`.
  public static func sparse(share: Double, deviation: Double = 0.01) -> Initializer {
    Initializer(
      "sparse(\(share), σ: \(deviation))", .sparse(share: share, deviation: deviation))
  }
}

extension Initializer {
  /// Normal values of variance `2 / (fanIn + fanOut)`, for tanh and sigmoid.
  ///
  /// - Source: Glorot and Bengio 2010, eq. 12.
  public static let glorotNormal = Initializer(
    "glorotNormal", .scaledNormal(scale: 1, .average))

  /// Equally likely values within `±√(6 / (fanIn + fanOut))`, of variance `2 / (fanIn + fanOut)`.
  ///
  /// - Source: Glorot and Bengio 2010, eq. 16.
  public static let glorotUniform = Initializer(
    "glorotUniform", .scaledUniform(scale: 1, .average))

  /// Normal values of variance `gain² · 2 / (fanIn + fanOut)`.
  public static func glorotNormal(gain: Double) -> Initializer {
    Initializer("glorotNormal(gain: \(gain))", .scaledNormal(scale: gain * gain, .average))
  }

  /// Equally likely values of variance `gain² · 2 / (fanIn + fanOut)`.
  public static func glorotUniform(gain: Double) -> Initializer {
    Initializer("glorotUniform(gain: \(gain))", .scaledUniform(scale: gain * gain, .average))
  }

  /// Normal values of variance `2 / fanIn`, for ReLU.
  ///
  /// - Source: He et al. 2015, eq. 10.
  public static let heNormal = Initializer("heNormal", .scaledNormal(scale: 2, .input))

  /// Equally likely values within `±√(6 / fanIn)`, of variance `2 / fanIn`, for ReLU.
  ///
  /// - Source: He et al. 2015, eq. 10.
  public static let heUniform = Initializer("heUniform", .scaledUniform(scale: 2, .input))

  /// Normal values of variance `2 / ((1 + slope²) · fan)`, for ReLU with a slope below zero.
  ///
  /// - Source: He et al. 2015, eq. 15; eq. 14 for the fan of the output.
  public static func heNormal(slope: Double, fan: Fan = .input) -> Initializer {
    Initializer(
      "heNormal(slope: \(slope), \(fan))", .scaledNormal(scale: 2 / (1 + slope * slope), fan))
  }

  /// Equally likely values of variance `2 / ((1 + slope²) · fan)`.
  public static func heUniform(slope: Double, fan: Fan = .input) -> Initializer {
    Initializer(
      "heUniform(slope: \(slope), \(fan))", .scaledUniform(scale: 2 / (1 + slope * slope), fan))
  }

  /// Normal values of variance `1 / fanIn`, for SELU and linear layers.
  ///
  /// - Source: LeCun et al. 1998, section 4.6.
  public static let leCunNormal = Initializer("leCunNormal", .scaledNormal(scale: 1, .input))

  /// Equally likely values within `±√(3 / fanIn)`, of variance `1 / fanIn`.
  ///
  /// - Source: LeCun et al. 1998, section 4.6.
  public static let leCunUniform = Initializer("leCunUniform", .scaledUniform(scale: 1, .input))

  /// Normal values of variance `scale / fan`.
  public static func scaledNormal(_ scale: Double, fan: Fan) -> Initializer {
    Initializer("scaledNormal(\(scale), \(fan))", .scaledNormal(scale: scale, fan))
  }

  /// Equally likely values of variance `scale / fan`.
  public static func scaledUniform(_ scale: Double, fan: Fan) -> Initializer {
    Initializer("scaledUniform(\(scale), \(fan))", .scaledUniform(scale: scale, fan))
  }
}
