import ApusCore

extension RandomBits: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let type = call.result
    let bits = Philox(builder: builder).bits(
      call.operands[0], count: type.count, isWide: type.element == .i64)
    return [builder.reshape(builder.bitcast(bits, type.element), type.dims)]
  }
}

extension RandomUniform: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let type = call.result
    let isWide = type.element == .f64
    let bits = Philox(builder: builder).bits(call.operands[0], count: type.count, isWide: isWide)
    // As many as the significand holds; signed, since every device converts those exactly.
    let whole = builder.bitcast(
      builder.shiftedRight(bits, by: isWide ? 11 : 8), isWide ? .i64 : .i32)
    let numbers = builder.convert(whole, type.element)
    let step = builder.constant(isWide ? 0x1p-53 : 0x1p-24, numbers.type)
    return [builder.reshape(builder.multiply(numbers, step), type.dims)]
  }
}

extension FoldIn: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let philox = Philox(builder: builder)
    let (seed, stream) = philox.words(call.operands[0])
    let number = builder.reshape(builder.bitcast(call.operands[1], .ui64), [])
    let (low, high) = philox.halves(number)
    let word = StableHLOType(.ui32)
    let w = philox.blocks(
      [low, high, builder.constant(integer: 0x66, word), builder.constant(integer: 0, word)],
      seed: philox.halves(seed))
    let other = builder.binary("stablehlo.xor", stream, philox.joined(w[2], w[3]))
    let parts = [philox.joined(w[0], w[1]), other].map { builder.reshape($0, [1]) }
    return [builder.bitcast(builder.concatenate(parts, axis: 0), .i64)]
  }
}
