import ApusCore

extension Sort: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let placeType = StableHLOType(call.resultTypes[1])
    if !call.isUsed[1] {
      return builder.sort([x], axis: axis, isBefore) + [builder.constant(integer: 0, placeType)]
    }
    return builder.sort([x, builder.iota(axis, placeType)], axis: axis, isBefore)
  }

  /// Whether an element comes before another: NaN counts as the largest, zeros of both signs are equal.
  private func isBefore(
    _ a: StableHLOValue, _ b: StableHLOValue, _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    let isBefore = builder.compare(isDescending ? .GT : .LT, a, b)
    if !a.element.isFloating { return isBefore }
    let (first, last) = isDescending ? (a, b) : (b, a)
    let isStrange = builder.compare(.NE, first, first)
    let isNumber = builder.compare(.EQ, last, last)
    return builder.or(isBefore, builder.and(isStrange, isNumber))
  }
}

extension StableHLOBuilder {
  /// Orders the lines of the first operand along an axis, and the others with them, stably.
  fileprivate func sort(
    _ xs: [StableHLOValue], axis: Int,
    _ isBefore: (StableHLOValue, StableHLOValue, StableHLOBuilder) -> StableHLOValue
  ) -> [StableHLOValue] {
    let scalars = xs.flatMap { [$0.type.scalar, $0.type.scalar] }
    let comparator = region(scalars) { [isBefore($0[0], $0[1], self)] }
    let types = xs.map(\.type)
    let text =
      "\"stablehlo.sort\"(\(Self.names(xs))) <{dimension = \(axis) : i64, is_stable = true}> "
      + "(\(comparator)) : \(Self.list(types)) -> "
      + (xs.count == 1 ? types[0].description : Self.list(types))
    return xs.count == 1 ? [emit(text, types[0])] : emit(text, types)
  }
}
