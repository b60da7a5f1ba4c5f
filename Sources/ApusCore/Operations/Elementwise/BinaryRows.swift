extension BinaryOperation {
  static let add = BinaryOperation(
    "add", stableHLO: .operation("add"), instruction: "add"
  ) { _, _, _, dy in (dy, dy) }
  static let subtract = BinaryOperation(
    "subtract", stableHLO: .operation("subtract"), instruction: "sub"
  ) { _, _, _, dy in (dy, -dy) }
  static let multiply = BinaryOperation(
    "multiply", stableHLO: .operation("multiply"), instruction: "mul"
  ) { a, b, _, dy in
    (dy * b, dy * a)
  }
  static let divide = BinaryOperation(
    "divide", stableHLO: .division("divide"), instruction: "div"
  ) { _, b, y, dy in
    let da = dy / b
    return (da, -(da * y))
  }
  static let remainder = BinaryOperation(
    "remainder", stableHLO: .division("remainder"), instruction: "rem"
  ) { a, b, _, dy in
    (dy, -(dy * (a / b).truncated()))
  }
  static let power = BinaryOperation(
    "power", stableHLO: .operation("power"), instruction: "pow", on: .floating
  ) { a, b, y, dy in
    let zero = Tensor(0, like: a)
    let da = dy * b * pow(a, b - 1)
    let db = dy * y * a.where(a .> 0, else: Tensor(1, like: a)).log()
    return (da.where(b .!= 0, else: zero), db.where(a .!= 0, else: zero))
  }
  static let atan2 = BinaryOperation(
    "atan2", stableHLO: .operation("atan2"), instruction: "atan2", on: .floating
  ) { a, b, _, dy in
    let scale = dy / (a * a + b * b)
    return (scale * b, -(scale * a))
  }
  /// Ties share the gradient equally.
  static let maximum = BinaryOperation(
    "maximum", stableHLO: .operation("maximum"), instruction: "max"
  ) { a, b, _, dy in
    sharedAtTies(a, b, dy, a .> b)
  }
  static let minimum = BinaryOperation(
    "minimum", stableHLO: .operation("minimum"), instruction: "min"
  ) { a, b, _, dy in
    sharedAtTies(a, b, dy, a .< b)
  }

  static let equal = predicate("equal", .EQ, "eq", on: .any)
  static let notEqual = predicate("notEqual", .NE, "ne", on: .any)
  static let less = predicate("less", .LT, "lt")
  static let lessOrEqual = predicate("lessOrEqual", .LE, "le")
  static let greater = predicate("greater", .GT, "gt")
  static let greaterOrEqual = predicate("greaterOrEqual", .GE, "ge")
  static let and = logical("and")
  static let or = logical("or")
  static let xor = logical("xor")

  /// Every elementwise function of two operands; the index that tests walk.
  package static let all: [BinaryOperation] = [
    add, subtract, multiply, divide, remainder, power, atan2, maximum, minimum, equal, notEqual,
    less, lessOrEqual, greater, greaterOrEqual, and, or, xor,
    geluGradient, geluTanhGradient,
  ]

  private static func predicate(
    _ name: String, _ direction: StableHLOForm.Comparison, _ instruction: String,
    on domain: Domain = .numeric
  ) -> BinaryOperation {
    BinaryOperation(
      name, stableHLO: .comparison(direction), instruction: instruction, on: domain,
      isPredicate: true
    ) { _, _, _, _ in (nil, nil) }
  }

  private static func logical(_ name: String) -> BinaryOperation {
    BinaryOperation(
      name, stableHLO: .operation(name), instruction: name, on: .boolOrInteger
    ) { _, _, _, _ in (nil, nil) }
  }

  private static func sharedAtTies(
    _ a: Tensor, _ b: Tensor, _ dy: Tensor, _ first: Tensor
  ) -> (Tensor?, Tensor?) {
    let half = dy * 0.5
    let zero = Tensor(0, like: dy)
    let tie = a .== b
    return (
      half.where(tie, else: dy.where(first, else: zero)),
      half.where(tie, else: zero.where(first, else: dy))
    )
  }
}
