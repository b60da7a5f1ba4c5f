import ApusCore

extension RecomputeBarrier: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    if call.operands.isEmpty { return [] }
    return Array(builder.barrier(call.operands).prefix(valueCount))
  }
}
