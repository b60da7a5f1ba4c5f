import ApusCore

extension Resample: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = builder.wide(call.operands[0])
    let taps = rule.taps(size, of: x.dims[axis])
    let first = builder.constant(integers: taps.map(\.first), .i64)
    let low = builder.gather(x, first, axis: axis)
    var y = low
    if taps.contains(where: { $0.weight != 0 }) {
      let second = builder.constant(integers: taps.map(\.second), .i64)
      let high = builder.gather(x, second, axis: axis)
      let (isSingle, a, b) = builder.weights(taps, of: low.type, axis: axis)
      let mixed = builder.add(builder.multiply(a, low), builder.multiply(b, high))
      // Infinity times a weight of zero must not spread.
      y = builder.select(isSingle, low, mixed)
    }
    return [builder.convert(y, call.result.element)]
  }
}

extension ResampleTranspose: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let dy = builder.wide(call.operands[0])
    let zero = builder.constant(0, dy.type.with(dims: call.result.dims))
    if dy.type.count == 0 { return [builder.convert(zero, call.result.element)] }
    let taps = rule.taps(dy.dims[axis], of: size)
    var places = taps.map(\.first)
    var updates = dy
    if taps.contains(where: { $0.weight != 0 }) {
      places += taps.map(\.second)
      let (isSingle, a, b) = builder.weights(taps, of: dy.type, axis: axis)
      let second = builder.select(
        isSingle, builder.constant(0, dy.type), builder.multiply(b, dy))
      updates = builder.concatenate([builder.multiply(a, dy), second], axis: axis)
    }
    let indices = builder.constant(integers: places, .i64)
    let dx = builder.scatterAdd(zero, indices, updates, axis: axis)
    return [builder.convert(dx, call.result.element)]
  }
}

extension StableHLOBuilder {
  /// 16-bit numbers in 32 bits, others as they are.
  func wide(_ x: StableHLOValue) -> StableHLOValue {
    convert(x, x.element.isHalf ? .f32 : x.element)
  }

  /// The weights of both places of each tap, spread to a type, and where only the first one counts.
  fileprivate func weights(
    _ taps: [ResamplingTap], of type: StableHLOType, axis: Int
  ) -> (isSingle: StableHLOValue, first: StableHLOValue, second: StableHLOValue) {
    let vector = type.with(dims: [taps.count])
    let second = constant(doubles: taps.map(\.weight), type.element)
    let first = subtract(constant(1, vector), second)
    let isSingle = compare(.EQ, second, constant(0, vector))
    func spread(_ x: StableHLOValue) -> StableHLOValue {
      broadcast(x, to: type.dims, axes: [axis])
    }
    return (spread(isSingle), spread(first), spread(second))
  }
}
