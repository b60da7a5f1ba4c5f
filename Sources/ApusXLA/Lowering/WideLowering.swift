import ApusCore

/// A composite that sums: beside 16-bit numbers its decomposition is computed in 32 bits and
/// rounded at the end, as by a kernel that takes it whole.
protocol WideLowering: Composite, StableHLOLowering {}

extension WideLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.composeWide(call, decomposition)
  }
}

extension StableHLOBuilder {
  /// Writes a formula of the operands in 32 bits where they are of 16, and rounds its results.
  func composeWide(
    _ call: LoweringCall, _ formula: ([Tensor]) -> [Tensor]
  ) throws(TensorError) -> [StableHLOValue] {
    let operands = call.operands.map { operand in
      let x = statistics[operand.name] ?? wide(operand)
      if operand.element.isHalf, statistics[operand.name] == nil { halves[x.name] = operand }
      return x
    }
    let types = call.operandTypes.map { type in
      StableHLOType(type).element.isHalf ? type.with(dtype: .float32) : type
    }
    let results = try compose(operands, types, isUsed: call.isUsed, formula)
    let most = call.operandTypes.map(\.count).max() ?? 0
    return zip(results, call.resultTypes).map { result, type in
      let rounded = convert(result, StableHLOType(type).element)
      // A mean or a variance of a row costs little memory, and all of the row depends on it.
      if rounded != result, type.count <= most / 8 { statistics[rounded.name] = result }
      return rounded
    }
  }
}
