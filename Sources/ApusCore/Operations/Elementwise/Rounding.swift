extension UnaryOperation {
  static let floor = UnaryOperation("floor", stableHLO: .operation("floor")) { _, _, _ in nil }
  static let ceil = UnaryOperation("ceil", stableHLO: .operation("ceil")) { _, _, _ in nil }
  static let round = UnaryOperation(
    "round", stableHLO: .operation("round_nearest_even")
  ) { _, _, _ in nil }
  static let truncate = UnaryOperation(
    "truncate", stableHLO: .formula { $0.ceil().where($0 .< 0, else: $0.floor()) },
    instruction: "trunc"
  ) { _, _, _ in nil }
}

extension Tensor {
  /// Returns the largest integer not above `x`.
  public func floor(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.floor, file, line)
  }

  /// Returns the smallest integer not below `x`.
  public func ceil(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.ceil, file, line)
  }

  /// Returns the nearest integer, ties to even.
  public func rounded(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.round, file, line)
  }

  /// Returns the integer part.
  public func truncated(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.truncate, file, line)
  }
}
