extension UnaryOperation {
  static let exp = UnaryOperation("exp", stableHLO: .operation("exponential")) { _, y, dy in
    dy * y
  }
  static let expm1 = UnaryOperation(
    "expm1", stableHLO: .operation("exponential_minus_one")
  ) { _, y, dy in dy * (y + 1) }
  static let log = UnaryOperation("log", stableHLO: .operation("log")) { x, _, dy in dy / x }
  static let log1p = UnaryOperation("log1p", stableHLO: .operation("log_plus_one")) { x, _, dy in
    dy / (x + 1)
  }
}

extension Tensor {
  /// Returns `eˣ`.
  public func exp(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.exp, file, line)
  }

  /// Returns `eˣ - 1`, accurate for small `|x|`.
  public func expm1(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.expm1, file, line)
  }

  /// Returns the natural logarithm; `-inf` at 0, NaN below.
  public func log(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.log, file, line)
  }

  /// Returns `log(1 + x)`, accurate for small `|x|`; `-inf` at -1, NaN below.
  public func log1p(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.log1p, file, line)
  }
}
