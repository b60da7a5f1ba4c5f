import ApusCore

extension MaxPool: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    return [builder.windowMaxima(call.operands[0], axes)]
  }
}

extension MaxPoolIndices: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    let places = builder.spatialPlaces(call.operands[0].dims)
    let none = builder.constant(integer: 0, places.type.scalar)
    let found = builder.firstLargest(call.operands[0], axes, carrying: (places, none))
    return [builder.convert(found, .i64)]
  }
}

extension MaxPoolGather: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    let none = builder.constant(integer: 0, call.result.scalar)
    return [
      builder.firstLargest(call.operands[0], axes, carrying: (call.operands[1], none))
    ]
  }
}
