extension UnaryOperation {
  static let relu = UnaryOperation(
    "relu", stableHLO: .formula { maximum($0, Tensor(0, like: $0)) }, on: .numeric
  ) { x, y, dy in
    dy.where(y .> 0, else: Tensor(0, like: dy))
  }
  static let erf = UnaryOperation("erf", stableHLO: .client("erf")) { x, _, dy in
    (2 / Double.pi.squareRoot()) * dy * (-(x * x)).exp()
  }
  static let erfc = UnaryOperation("erfc", stableHLO: .client("erfc")) { x, _, dy in
    (-2 / Double.pi.squareRoot()) * dy * (-(x * x)).exp()
  }
  static let sigmoid = UnaryOperation("sigmoid", stableHLO: .operation("logistic")) { _, y, dy in
    dy * y * (1 - y)
  }
  static let softplus = UnaryOperation(
    "softplus",
    stableHLO: .formula { maximum($0, Tensor(0, like: $0)) + (-$0.abs()).exp().log1p() }
  ) { x, _, dy in dy * x.sigmoid() }
}

extension Tensor {
  /// Returns `max(x, 0)`; the gradient at 0 is 0. NaN stays NaN.
  public func relu(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.relu, file, line)
  }

  /// Returns the error function `2/√π ∫₀ˣ e^(-t²) dt`.
  public func erf(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.erf, file, line)
  }

  /// Returns the complementary error function `1 − erf(x)`, accurate where it is small.
  public func erfc(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.erfc, file, line)
  }

  /// Returns the logistic function `1 / (1 + e⁻ˣ)`.
  public func sigmoid(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sigmoid, file, line)
  }

  /// Returns `log(1 + eˣ)`, without overflow.
  public func softplus(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.softplus, file, line)
  }
}
