import ApusCore

/// What constants decide before anything runs.
enum Folding {
  /// The number in every element of the result, when the operands' numbers decide it.
  static func fold(
    _ operation: any Operation, _ operands: [Literal?], _ type: TensorType
  ) -> Literal? {
    guard !operands.isEmpty else { return nil }
    let numbers = operands.compactMap { $0 }
    guard numbers.count == operands.count else { return nil }
    if operands.count == 1 && operation.cpu == .view { return numbers[0] }
    if operation is Convert { return convert(numbers[0], to: type.dtype) }
    guard type.dtype == .float32 || type.dtype == .float64 else { return nil }
    // Rounding the double result once is exact for these five.
    func rounded(_ value: Double) -> Literal {
      Literal(type.dtype == .float32 ? Double(Float(value)) : value)
    }
    let values = numbers.map {
      type.dtype == .float32 ? Double(Float($0.asDouble)) : $0.asDouble
    }
    switch operation.name {
    case "negate": return rounded(-values[0])
    case "add": return rounded(values[0] + values[1])
    case "subtract": return rounded(values[0] - values[1])
    case "multiply": return rounded(values[0] * values[1])
    case "divide": return rounded(values[0] / values[1])
    default: return nil
    }
  }

  private static func convert(_ value: Literal, to dtype: DType) -> Literal? {
    switch dtype {
    case .float64: Literal(value.asDouble)
    case .float32: Literal(Double(Float(value.asDouble)))
    case .bool: Literal(value.asDouble != 0 ? Int64(1) : 0)
    default: nil
    }
  }

  /// The operand that a neutral partner leaves unchanged: `x + 0`, `x · 1`, `x / 1`.
  static func neutral(_ operation: BinaryOperation, _ a: Literal?, _ b: Literal?) -> Int? {
    switch operation.name {
    case "add":
      if b?.asDouble == 0 { return 0 }
      if a?.asDouble == 0 { return 1 }
    case "subtract":
      if b?.asDouble == 0 { return 0 }
    case "multiply":
      if b?.asDouble == 1 { return 0 }
      if a?.asDouble == 1 { return 1 }
    case "divide":
      if b?.asDouble == 1 { return 0 }
    default: break
    }
    return nil
  }
}
