import ApusCore

/// Every element of the operand looks at the windows it lies in and takes from those that it won: no
/// two writes meet, unlike in `select_and_scatter`, which cannot dilate either.
extension MaxPoolGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let (x, dy) = (call.operands[0], call.operands[1])
    if dy.type.count == 0 { return [builder.constant(integer: 0, call.result)] }
    let axes = windows.axes(call.operandTypes[0], call.operandTypes[1])
    let places = builder.spatialPlaces(x.dims)
    let none = builder.constant(integer: -1, places.type.scalar)
    let winners = builder.firstLargest(x, axes, carrying: (places, none))
    let upstream = builder.wide(dy)
    let turns = axes.reduce(1) { $0 * $1.overlap }
    let isGathered = turns <= Self.mostTurns && !axes.contains(where: \.isUneven)
    let dx =
      isGathered
      ? gathered(upstream, winners, places, axes, builder)
      : scattered(upstream, winners, x.dims, builder)
    return [builder.convert(dx, x.element)]
  }

  /// Beyond that many windows over an element it is less work to write than to look.
  private static var mostTurns: Int { 64 }

  private func gathered(
    _ dy: StableHLOValue, _ winners: StableHLOValue, _ places: StableHLOValue,
    _ axes: [WindowAxis], _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    let none = builder.constant(integer: -1, winners.type.scalar)
    let zero = builder.constant(integer: 0, dy.type.scalar)
    var candidates = [(winners, dy)]
    for axis in axes {
      candidates = candidates.flatMap { winners, dy in
        (0..<axis.overlap).map { turn in
          (
            builder.windowsOver(winners, axis, turn: turn, fill: none),
            builder.windowsOver(dy, axis, turn: turn, fill: zero)
          )
        }
      }
    }
    let zeros = builder.constant(integer: 0, dy.type.with(dims: places.dims))
    let parts = candidates.map { winners, dy in
      builder.select(builder.compare(.EQ, winners, places), dy, zeros)
    }
    return parts.dropFirst().reduce(parts[0], builder.add)
  }

  /// One list of places for the whole array; a window without a winner names a place before it.
  private func scattered(
    _ dy: StableHLOValue, _ winners: StableHLOValue, _ dims: [Int], _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    let (channels, count) = (dims[dims.count - 1], dims.reduce(1, *))
    let wide = StableHLOType(.i64, dy.dims)
    let sample = builder.iota(0, wide)
    let channel = builder.iota(dy.rank - 1, wide)
    let samples = builder.constant(integer: count / max(dims[0], 1), wide)
    let base = builder.add(builder.multiply(sample, samples), channel)
    let place = builder.convert(winners, .i64)
    let steps = builder.multiply(place, builder.constant(integer: channels, wide))
    let isNone = builder.compare(.LT, place, builder.constant(integer: 0, wide))
    let target = builder.select(
      isNone, builder.constant(integer: -1, wide), builder.add(base, steps))
    let zeros = builder.constant(integer: 0, StableHLOType(dy.element, [count]))
    let all = [dy.type.count]
    let flat = builder.scatterAdd(
      zeros, builder.reshape(target, all), builder.reshape(dy, all), axis: 0)
    return builder.reshape(flat, dims)
  }
}
