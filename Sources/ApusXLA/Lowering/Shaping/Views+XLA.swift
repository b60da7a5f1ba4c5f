import ApusCore

extension Reshape: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.reshape(call.operands[0], call.result.dims)]
  }
}

extension Broadcast: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let dims = call.result.dims
    return [builder.broadcast(x, to: dims, axes: Array(dims.indices.suffix(x.rank)))]
  }
}

extension Transpose: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.transpose(call.operands[0], permutation)]
  }
}

extension Reverse: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let rank = call.operands[0].rank
    return [builder.reverse(call.operands[0], axes: axes.map { $0 < 0 ? $0 + rank : $0 })]
  }
}

extension Slice: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.slice(call.operands[0], starts, limits, strides: strides)]
  }
}
