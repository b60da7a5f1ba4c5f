extension Tensor {
  /// Returns normally distributed random numbers.
  ///
  ///     y = mean + σ · √(-2 log(1 - u₁)) · cos(2π u₂),   u₁, u₂ uniform in [0, 1)
  ///
  /// The resolution of `u₁` limits `|y - mean|` to `5.8σ` for `float32` and `8.6σ` for `float64`.
  /// - Source: Box and Muller 1958.
  public static func normal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32,
    key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("normal", [key.tensor], at: site) { () throws(Violation) in
      try require(
        standardDeviation >= 0, "the standard deviation \(standardDeviation) is negative")
      let u = try unit(Shape([2] + shape.dims), dtype, key, site)
      let radius = (-2 * (-u[0]).log1p()).sqrt()
      let z = radius * (2 * Double.pi * u[1]).cos()
      return (standardDeviation * z + mean).converted(to: dtype)
    }
  }

  /// Returns normally distributed random numbers no further than `limit` standard deviations from
  /// the mean.
  ///
  ///     y = mean + σ · √2 · erf⁻¹((2u - 1) · erf(limit / √2)),   u uniform in [0, 1)
  ///
  /// `standardDeviation` is that of the distribution before truncation.
  public static func truncatedNormal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, limit: Double = 2,
    dtype: DType = .float32, key: RandomKey, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("truncatedNormal", [key.tensor], at: site) { () throws(Violation) in
      try require(
        standardDeviation >= 0, "the standard deviation \(standardDeviation) is negative")
      try require(limit > 0, "the limit \(limit) is not positive")
      let u = try unit(shape, dtype, key, site)
      let bound = ErfInverse.erf(limit / 2.squareRoot())
      let z = 2.squareRoot() * ((2 * u - 1) * bound).erfInverse()
      let inside = z.clamped(to: -limit...limit)
      return (standardDeviation * inside + mean).converted(to: dtype)
    }
  }
}
