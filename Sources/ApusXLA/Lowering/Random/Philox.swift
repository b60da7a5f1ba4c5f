import ApusCore

/// Philox4x32-10 in words of StableHLO: the same bits as ``RandomBits`` describes, on every device.
///
/// - Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
struct Philox {
  let builder: StableHLOBuilder

  /// Both words of each `ui64`.
  func halves(_ x: StableHLOValue) -> (low: StableHLOValue, high: StableHLOValue) {
    let upper = builder.shiftedRight(x, by: 32)
    return (builder.convert(x, .ui32), builder.convert(upper, .ui32))
  }

  /// Each pair of words as one `ui64`.
  func joined(_ low: StableHLOValue, _ high: StableHLOValue) -> StableHLOValue {
    let wide = builder.convert(high, .ui64)
    let by = builder.constant(integer: 32, wide.type)
    let upper = builder.binary("stablehlo.shift_left", wide, by)
    return builder.or(upper, builder.convert(low, .ui64))
  }

  /// Ten rounds on counters of four words each, under the scalar key words `seed`.
  func blocks(
    _ counter: [StableHLOValue], seed: (low: StableHLOValue, high: StableHLOValue)
  ) -> [StableHLOValue] {
    var c = counter
    for round in 0..<10 {
      let a = product(c[0], 0xD251_1F53)
      let b = product(c[2], 0xCD9E_8D57)
      let first = key(seed.low, 0x9E37_79B9, round, c[0].type)
      let second = key(seed.high, 0xBB67_AE85, round, c[0].type)
      c = [xor(xor(b.high, c[1]), first), b.low, xor(xor(a.high, c[3]), second), a.low]
    }
    return c
  }

  private func product(
    _ x: StableHLOValue, _ factor: Int
  ) -> (low: StableHLOValue, high: StableHLOValue) {
    let wide = builder.convert(x, .ui64)
    return halves(builder.multiply(wide, builder.constant(integer: factor, wide.type)))
  }

  /// The key word of a round, for every block.
  private func key(
    _ word: StableHLOValue, _ step: Int, _ round: Int, _ type: StableHLOType
  ) -> StableHLOValue {
    let total = Int(UInt32(truncatingIfNeeded: step * round))
    let moved = builder.add(word, builder.constant(integer: total, word.type))
    return builder.splat(moved, to: type.dims)
  }

  private func xor(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    builder.binary("stablehlo.xor", a, b)
  }
}

extension Philox {
  /// The words of a key `i64[2]`: seed and stream, as `ui64` scalars.
  func words(_ key: StableHLOValue) -> (seed: StableHLOValue, stream: StableHLOValue) {
    let bits = builder.bitcast(key, .ui64)
    func word(_ index: Int) -> StableHLOValue {
      builder.reshape(builder.slice(bits, [index], [index + 1]), [])
    }
    return (word(0), word(1))
  }

  /// The first `count` words of a key: `ui64` or `ui32`.
  ///
  /// Every word chooses among those of its block: joined from separate arrays, the compiler would
  /// write the rounds once for each of them.
  func bits(_ key: StableHLOValue, count: Int, isWide: Bool) -> StableHLOValue {
    let perBlock = isWide ? 2 : 4
    let dims = [(count + perBlock - 1) / perBlock, perBlock]
    let (seed, stream) = words(key)
    let (place, line) = (halves(builder.iota(0, StableHLOType(.ui64, dims))), halves(stream))
    func spread(_ x: StableHLOValue) -> StableHLOValue { builder.splat(x, to: dims) }
    let w = blocks(
      [place.low, place.high, spread(line.low), spread(line.high)], seed: halves(seed))
    let lanes = isWide ? [joined(w[0], w[1]), joined(w[2], w[3])] : w
    let lane = builder.iota(1, StableHLOType(.i32, dims))
    var chosen = lanes[perBlock - 1]
    for index in 0..<(perBlock - 1) {
      let isHere = builder.compare(.EQ, lane, builder.constant(integer: index, lane.type))
      chosen = builder.select(isHere, lanes[index], chosen)
    }
    return builder.slice(builder.reshape(chosen, [dims[0] * perBlock]), [0], [count])
  }
}

extension StableHLOBuilder {
  /// Unsigned words moved towards their low end.
  func shiftedRight(_ x: StableHLOValue, by count: Int) -> StableHLOValue {
    binary("stablehlo.shift_right_logical", x, constant(integer: count, x.type))
  }
}
