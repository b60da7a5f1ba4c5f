import ApusCore

extension Gather: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let places = builder.checkedIndices(
      call.operands[1], extent: x.dims[axis], countsFromEnd: true)
    return [builder.gather(x, places, axis: axis)]
  }
}

extension GatherElements: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let places = builder.checkedIndices(
      call.operands[1], extent: x.dims[axis], countsFromEnd: countsFromEnd)
    return [builder.gatherElements(x, places, axis: axis)]
  }
}

extension ScatterAdd: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let (base, updates) = (call.operands[0], call.operands[2])
    let places = builder.checkedIndices(
      call.operands[1], extent: base.dims[axis], countsFromEnd: true)
    return [builder.scatterAdd(base, places, updates, axis: axis)]
  }
}

extension ScatterAddElements: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let (base, updates) = (call.operands[0], call.operands[2])
    let places = builder.checkedIndices(
      call.operands[1], extent: base.dims[axis], countsFromEnd: countsFromEnd)
    return [builder.scatterAddElements(base, places, updates, axis: axis)]
  }
}
