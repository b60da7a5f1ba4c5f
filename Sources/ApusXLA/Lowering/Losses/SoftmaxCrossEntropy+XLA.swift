import ApusCore

extension SoftmaxCrossEntropy: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    options.checkLabels(call, builder)
    return try builder.composeWide(call, decomposition)
  }
}

extension SoftmaxCrossEntropyGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    options.checkLabels(call, builder)
    return try builder.composeWide(call, decomposition)
  }
}

extension CrossEntropyOptions {
  /// Checks the labels, the second operand, but for those that are ignored.
  ///
  /// What is computed of a label that no class has is not looked at.
  fileprivate func checkLabels(_ call: LoweringCall, _ builder: StableHLOBuilder) {
    _ = builder.checkedIndices(
      call.operands[1], extent: call.operandTypes[0][-1], countsFromEnd: false,
      ignored: ignoredLabel)
  }
}
