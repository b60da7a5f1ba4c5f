import ApusCore

extension CTC: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.composeChecked(call, decomposition)
  }
}

extension CTCGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.composeChecked(call, decomposition)
  }
}

extension StableHLOBuilder {
  /// Checks lengths, and labels within them, of `logs[N, T, K], targets[N, S], inputLengths[N],
  /// targetLengths[N], …`, and writes the formula on what is within range.
  fileprivate func composeChecked(
    _ call: LoweringCall, _ formula: ([Tensor]) -> [Tensor]
  ) throws(TensorError) -> [StableHLOValue] {
    let (logs, targets) = (call.operandTypes[0], call.operands[1])
    var operands = call.operands
    operands[2] = checkedIndices(operands[2], extent: logs[1] + 1, countsFromEnd: false)
    operands[3] = checkedIndices(operands[3], extent: targets.dims[1] + 1, countsFromEnd: false)
    if targets.type.count > 0 {
      let place = iota(1, targets.type)
      let length = broadcast(operands[3], to: targets.dims, axes: [0])
      let label = select(
        compare(.LT, place, length), targets, constant(integer: 0, targets.type))
      operands[1] = checkedIndices(label, extent: logs[2], countsFromEnd: false)
    }
    let count = checks.count
    let known = LoweringCall(
      operands: operands, operandTypes: call.operandTypes, resultTypes: call.resultTypes,
      isUsed: call.isUsed)
    let results = try composeWide(known, formula)
    // Labels are good from here on: checks of what is picked by them cannot fail.
    checks.removeLast(checks.count - count)
    return results
  }
}
