import ApusCore

extension OneHot: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let labels = builder.checkedIndices(call.operands[0], extent: depth, countsFromEnd: false)
    let dims = call.result.dims
    let wide = builder.broadcast(labels, to: dims, axes: Array(labels.dims.indices))
    let classes = builder.iota(dims.count - 1, wide.type)
    return [builder.convert(builder.compare(.EQ, wide, classes), call.result.element)]
  }
}
