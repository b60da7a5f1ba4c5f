import ApusCore

extension UnaryOperation: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    [try builder.elementwise(stableHLO, call)]
  }
}

extension BinaryOperation: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    [try builder.elementwise(stableHLO, call)]
  }
}

extension StableHLOBuilder {
  /// Writes an elementwise row in the form it states.
  fileprivate func elementwise(
    _ form: StableHLOForm, _ call: LoweringCall
  ) throws(TensorError) -> StableHLOValue {
    let x = call.operands
    switch form {
    case .operation(let name, let dialect):
      return apply("\(dialect).\(name)", x)
    case .signed(let name, let ofUnsigned):
      if x[0].element != .ui8 { return apply("stablehlo.\(name)", x) }
      return try compose(x, call.operandTypes) { [ofUnsigned($0[0])] }[0]
    case .division(let name):
      return divided("stablehlo.\(name)", x[0], x[1])
    case .comparison(let direction):
      return compare(direction, x[0], x[1])
    case .composed(let formula):
      return try composed(formula, call)
    }
  }

  private func apply(_ name: String, _ x: [StableHLOValue]) -> StableHLOValue {
    x.count == 1 ? unary(name, x[0]) : binary(name, x[0], x[1])
  }

  /// Integers divided by zero give zero; what StableHLO would give is up to the plugin.
  private func divided(
    _ name: String, _ a: StableHLOValue, _ b: StableHLOValue
  ) -> StableHLOValue {
    if a.element.isFloating { return binary(name, a, b) }
    let zero = constant(integer: 0, b.type)
    let isZero = compare(.EQ, b, zero)
    let divisor = select(isZero, constant(integer: 1, b.type), b)
    return select(isZero, zero, binary(name, a, divisor))
  }

  /// A formula, whose steps would each round if they were taken in 16 bits.
  private func composed(
    _ formula: ([Tensor]) -> Tensor, _ call: LoweringCall
  ) throws(TensorError) -> StableHLOValue {
    let element = call.operands[0].element
    if !element.isHalf {
      return try compose(call.operands, call.operandTypes) { [formula($0)] }[0]
    }
    let y = try compose(
      call.operands.map { convert($0, .f32) }, call.operandTypes.map { $0.with(dtype: .float32) }
    ) { [formula($0)] }[0]
    return convert(y, call.result.element)
  }
}
