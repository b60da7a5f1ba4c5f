extension UnaryOperation {
  static let sin = UnaryOperation("sin", stableHLO: .operation("sine")) { x, _, dy in dy * x.cos() }
  static let cos = UnaryOperation("cos", stableHLO: .operation("cosine")) { x, _, dy in
    -dy * x.sin()
  }
  static let tan = UnaryOperation("tan", stableHLO: .operation("tan")) { _, y, dy in
    dy * (y * y + 1)
  }
  static let asin = UnaryOperation("asin", stableHLO: .client("asin")) { x, _, dy in
    dy * (1 - x * x).rsqrt()
  }
  static let acos = UnaryOperation("acos", stableHLO: .client("acos")) { x, _, dy in
    -dy * (1 - x * x).rsqrt()
  }
  static let atan = UnaryOperation("atan", stableHLO: .client("atan")) { x, _, dy in
    dy / (x * x + 1)
  }
}

extension Tensor {
  /// Returns the sine of `x` in radians.
  public func sin(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sin, file, line)
  }

  /// Returns the cosine of `x` in radians.
  public func cos(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.cos, file, line)
  }

  /// Returns the tangent of `x` in radians.
  public func tan(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.tan, file, line)
  }

  /// Returns the arc sine in radians; NaN outside `[-1, 1]`.
  public func asin(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.asin, file, line)
  }

  /// Returns the arc cosine in radians; NaN outside `[-1, 1]`.
  public func acos(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.acos, file, line)
  }

  /// Returns the arc tangent in radians.
  public func atan(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.atan, file, line)
  }
}
