extension UnaryOperation {
  static let negate = UnaryOperation(
    "negate", stableHLO: .operation("negate"), instruction: "neg", on: .numeric
  ) { _, _, dy in -dy }
  static let abs = UnaryOperation(
    "abs", stableHLO: .signed("abs") { $0 }, on: .numeric
  ) { x, _, dy in dy * x.sign() }
  static let sign = UnaryOperation(
    "sign", stableHLO: .signed("sign") { minimum($0, Tensor(1, like: $0)) }, on: .numeric
  ) { _, _, _ in nil }
  static let square = UnaryOperation(
    "square", stableHLO: .formula { $0 * $0 }, on: .numeric
  ) { x, _, dy in 2 * dy * x }
  static let sqrt = UnaryOperation("sqrt", stableHLO: .operation("sqrt")) { _, y, dy in
    dy / (2 * y)
  }
  static let rsqrt = UnaryOperation("rsqrt", stableHLO: .operation("rsqrt")) { _, y, dy in
    -0.5 * dy * y * y * y
  }
  static let reciprocal = UnaryOperation("reciprocal", stableHLO: .formula { 1 / $0 }) { _, y, dy in
    -dy * y * y
  }
}

extension Tensor {
  /// Returns the absolute value `|x|`; the gradient at 0 is 0.
  public func abs(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.abs, file, line)
  }

  /// Returns -1, 0 or 1 with the sign of `x`.
  public func sign(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sign, file, line)
  }

  /// Returns `x²`.
  public func square(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.square, file, line)
  }

  /// Returns the square root; NaN for negative `x`.
  public func sqrt(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sqrt, file, line)
  }

  /// Returns `1 / √x`.
  public func rsqrt(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.rsqrt, file, line)
  }

  /// Returns `1 / x`.
  public func reciprocal(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.reciprocal, file, line)
  }
}

extension UnaryOperation {
  /// Every elementwise function of one operand; the index that tests walk.
  package static let all: [UnaryOperation] = [
    negate, abs, sign, square, sqrt, rsqrt, reciprocal, exp, expm1, log, log1p, sin, cos, tan, asin,
    acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, erf, erfc, sigmoid, softplus, relu, gelu,
    geluTanh,
    silu, floor, ceil, round, truncate, isFinite, isNaN, isInfinite, logicalNot,
  ]
}
