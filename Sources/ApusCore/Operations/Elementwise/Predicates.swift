extension UnaryOperation {
  static let isFinite = UnaryOperation(
    "isFinite", stableHLO: .formula { $0.abs() .< .infinity }, instruction: "isfinite",
    isPredicate: true
  ) { _, _, _ in nil }
  static let isNaN = UnaryOperation(
    "isNaN", stableHLO: .formula { $0 .!= $0 }, instruction: "isnan", isPredicate: true
  ) { _, _, _ in nil }
  static let isInfinite = UnaryOperation(
    "isInfinite", stableHLO: .formula { $0.abs() .== .infinity }, instruction: "isinf",
    isPredicate: true
  ) { _, _, _ in nil }
  static let logicalNot = UnaryOperation(
    "logicalNot", stableHLO: .operation("not"), instruction: "not", on: .bool
  ) { _, _, _ in nil }
}

extension Tensor {
  /// Returns whether elements are neither infinite nor NaN.
  public func isFinite(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.isFinite, file, line)
  }

  /// Returns whether elements are NaN.
  public func isNaN(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.isNaN, file, line)
  }

  /// Returns whether elements are infinite.
  public func isInfinite(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.isInfinite, file, line)
  }
}
