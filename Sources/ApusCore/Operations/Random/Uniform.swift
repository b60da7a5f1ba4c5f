extension Tensor {
  /// Returns random numbers, all in the range equally likely: `y = a + u·(b - a)`.
  ///
  /// The end of the range is not among them. 16-bit floats are rounded from `float32`.
  public static func uniform(
    _ shape: Shape, in range: Range<Double> = 0..<1, dtype: DType = .float32, key: RandomKey,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("uniform", [key.tensor], at: site) { () throws(Violation) in
      let (a, b) = (range.lowerBound, range.upperBound)
      try require((b - a).isFinite, "the range \(a)..<\(b) is not finite")
      let u = try unit(shape, dtype, key, site)
      if a == 0 && b == 1 && u.dtype == dtype { return u }
      // Rounding can reach the end of the range.
      let y = ((b - a) * u + a).converted(to: dtype)
      return Tensor(a, like: y).where(y .>= b, else: y)
    }
  }

  /// Returns random integers, all in the range equally likely.
  ///
  /// The bias of taking 53 random bits modulo the length of the range is below `length · 2⁻⁵³`.
  public static func randomIntegers(
    _ shape: Shape, in range: Range<Int>, dtype: DType = .int32, key: RandomKey,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("randomIntegers", [key.tensor], at: site) { () throws(Violation) in
      try require(!range.isEmpty, "the range \(range) is empty")
      try require(dtype.isInteger, "needs an integer dtype, not \(dtype)")
      let (length, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
      try require(!overflow && length < 1 << 53, "the range \(range) is longer than 2^53")
      let last = range.upperBound - 1
      try require(
        Tensor.holds(range.lowerBound, dtype) && Tensor.holds(last, dtype),
        "\(dtype) does not hold all of the range \(range)")
      let bits = apply(RandomBits(type: TensorType(.int64, shape)), [key.tensor], at: site)
      let positive = bits .& Tensor(integer: 1 << 53 - 1)
      let place = positive % Tensor(integer: Int64(length))
      return (place + Tensor(integer: Int64(range.lowerBound))).converted(to: dtype)
    }
  }

  private static func holds(_ value: Int, _ dtype: DType) -> Bool {
    switch dtype {
    case .uint8: UInt8(exactly: value) != nil
    case .int32: Int32(exactly: value) != nil
    default: true
    }
  }

  /// Uniform numbers in `[0, 1)`, as `float32` for 16-bit dtypes.
  static func unit(
    _ shape: Shape, _ dtype: DType, _ key: RandomKey, _ site: CallSite
  ) throws(Violation) -> Tensor {
    try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
    let kind: DType = dtype == .float64 ? .float64 : .float32
    return apply(RandomUniform(type: TensorType(kind, shape)), [key.tensor], at: site)
  }
}
