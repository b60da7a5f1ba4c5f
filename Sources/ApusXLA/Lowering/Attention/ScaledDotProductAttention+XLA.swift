import ApusCore

/// Scores and their sums are of 32 bits; beside 16-bit operands the factors of
/// products are of 16, as where kernels multiply those faster.
extension ScaledDotProductAttention: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.composeWide(call, roundsFactors: true, decomposition)
  }
}

extension ScaledDotProductAttentionGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.composeWide(call, roundsFactors: true, decomposition)
  }
}
