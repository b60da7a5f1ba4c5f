extension UnaryOperation {
  static let sinh = UnaryOperation("sinh", stableHLO: .client("sinh")) { x, _, dy in dy * x.cosh() }
  static let cosh = UnaryOperation("cosh", stableHLO: .client("cosh")) { x, _, dy in dy * x.sinh() }
  static let tanh = UnaryOperation("tanh", stableHLO: .operation("tanh")) { _, y, dy in
    dy * (1 - y * y)
  }
  static let asinh = UnaryOperation("asinh", stableHLO: .client("asinh")) { x, _, dy in
    dy * (x * x + 1).rsqrt()
  }
  static let acosh = UnaryOperation("acosh", stableHLO: .client("acosh")) { x, _, dy in
    dy * (x * x - 1).rsqrt()
  }
  static let atanh = UnaryOperation("atanh", stableHLO: .client("atanh")) { x, _, dy in
    dy / (1 - x * x)
  }
}

extension Tensor {
  /// Returns the hyperbolic sine.
  public func sinh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.sinh, file, line)
  }

  /// Returns the hyperbolic cosine.
  public func cosh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.cosh, file, line)
  }

  /// Returns the hyperbolic tangent.
  public func tanh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.tanh, file, line)
  }

  /// Returns the inverse hyperbolic sine.
  public func asinh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.asinh, file, line)
  }

  /// Returns the inverse hyperbolic cosine; NaN below 1.
  public func acosh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.acosh, file, line)
  }

  /// Returns the inverse hyperbolic tangent; NaN outside `[-1, 1]`.
  public func atanh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.atanh, file, line)
  }
}
