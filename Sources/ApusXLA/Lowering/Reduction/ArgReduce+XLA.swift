import ApusCore

extension ArgReduce: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let index = StableHLOType.Element(dtype)
    let places = builder.iota(axis, x.type.with(index))
    let starts = [
      kind == .argmax ? builder.least(x.element) : builder.greatest(x.element),
      builder.constant(integer: index.integerRange.highest, StableHLOType(index)),
    ]
    let best = builder.reduce([x, places], from: starts, axes: [axis]) { held, new in
      let isTaken = takes(held, new, builder)
      return zip(new, held).map { builder.select(isTaken, $0, $1) }
    }
    return [builder.reshape(best[1], call.result.dims)]
  }

  /// Whether a new pair of value and place is to replace the held one: in any order of pairs the same
  /// one is left, NaN before numbers and the first of equal ones.
  private func takes(
    _ held: [StableHLOValue], _ new: [StableHLOValue], _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    var isBetter = builder.compare(kind == .argmax ? .GT : .LT, new[0], held[0])
    var isEqual = builder.compare(.EQ, new[0], held[0])
    if new[0].element.isFloating {
      let isHeldNumber = builder.compare(.EQ, held[0], held[0])
      let isNewNaN = builder.compare(.NE, new[0], new[0])
      isBetter = builder.or(isBetter, builder.and(isNewNaN, isHeldNumber))
      isEqual = builder.or(
        isEqual, builder.and(isNewNaN, builder.compare(.NE, held[0], held[0])))
    }
    let isEarlier = builder.compare(.LT, new[1], held[1])
    return builder.or(isBetter, builder.and(isEqual, isEarlier))
  }
}
