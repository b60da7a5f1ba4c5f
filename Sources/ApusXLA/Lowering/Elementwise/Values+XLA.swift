import ApusCore

extension Constant: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.constant(value, call.result)]
  }
}

extension Iota: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let type = call.result
    switch type.element {
    // Counted in a type that holds every coordinate, then rounded or cut.
    case .f16, .bf16, .ui8:
      let places = builder.iota(axis, type.with(.i64))
      return [builder.convert(places, type.element)]
    default: return [builder.iota(axis, type)]
    }
  }
}

extension Select: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.select(call.operands[0], call.operands[1], call.operands[2])]
  }
}

extension StopGradient: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    call.operands
  }
}

extension CustomGradient: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    Array(call.operands.prefix(call.resultTypes.count))
  }
}
