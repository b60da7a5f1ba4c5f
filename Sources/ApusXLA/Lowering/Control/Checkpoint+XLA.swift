import ApusCore

/// Forward it is its body.
extension Checkpoint: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    try builder.lower(body, on: call.operands, isUsed: call.isUsed)
  }
}
