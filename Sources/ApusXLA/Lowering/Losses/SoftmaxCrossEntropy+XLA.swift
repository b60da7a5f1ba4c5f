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
    var labels = call.operands[1]
    // A label of fewer bits never equals one that does not fit.
    if let ignoredLabel {
      labels = builder.convert(labels, .i64)
      let ignored = builder.constant(integer: ignoredLabel, labels.type)
      let first = builder.constant(integer: 0, labels.type)
      labels = builder.select(builder.compare(.EQ, labels, ignored), first, labels)
    }
    _ = builder.checkedIndices(labels, extent: call.operandTypes[0][-1], countsFromEnd: false)
  }
}
