import ApusCore

extension Concatenate: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let parts = call.operands.filter { $0.type.count > 0 }
    return [builder.concatenate(parts, axis: axis < 0 ? axis + call.result.rank : axis)]
  }
}

extension Pad: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let filling = builder.constant(value, x.type.scalar)
    if x.type.count == 0 { return [builder.splat(filling, to: call.result.dims)] }
    return [builder.pad(x, with: filling, low: low, high: high, interior: interior)]
  }
}
