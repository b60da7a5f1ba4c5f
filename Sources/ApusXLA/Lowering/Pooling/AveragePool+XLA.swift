import ApusCore

extension AveragePool: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    let x = builder.wide(call.operands[0])
    let sums = builder.windowSums(x, axes)
    let mean = builder.divide(sums, divisors(axes, sums.type, builder))
    return [builder.convert(mean, call.result.element)]
  }

  /// What the sum of each window is divided by.
  fileprivate func divisors(
    _ axes: [WindowAxis], _ type: StableHLOType, _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    var even = 1
    var factors: [StableHLOValue] = []
    for (axis, high) in zip(axes, windows.high) {
      let (before, after) = countsPadding ? (axis.low, high) : (0, 0)
      let sizes = (0..<axis.count).map { axis.size($0, before: before, after: after) }
      if sizes.allSatisfy({ $0 == sizes[0] }) {
        even *= sizes[0]
      } else {
        let list = builder.convert(builder.constant(integers: sizes, .i64), type.element)
        factors.append(builder.broadcast(list, to: type.dims, axes: [axis.axis]))
      }
    }
    let common = builder.constant(integer: even, type)
    return factors.reduce(common, builder.multiply)
  }
}

extension AveragePoolGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let y = call.operandTypes[0]
    if y.count == 0 { return [builder.constant(integer: 0, call.result)] }
    let axes = windows.axes(call.resultTypes[0], y)
    let dy = builder.wide(call.operands[0])
    let forward = AveragePool(windows, countsPadding: countsPadding)
    let parts = builder.divide(dy, forward.divisors(axes, dy.type, builder))
    return [builder.convert(builder.spread(parts, over: axes), call.result.element)]
  }
}
