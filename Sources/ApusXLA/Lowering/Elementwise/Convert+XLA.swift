import ApusCore

extension Convert: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    let target = call.result.element
    if target == .i1 {
      return [builder.compare(.NE, x, builder.constant(0, x.type))]
    }
    if !x.element.isFloating || target.isFloating { return [builder.convert(x, target)] }
    return [builder.saturated(x, target)]
  }
}

extension StableHLOBuilder {
  /// Floats as integers: truncated, within the range of the type, zero for NaN. What StableHLO gives
  /// out of range is up to the plugin.
  fileprivate func saturated(
    _ x: StableHLOValue, _ target: StableHLOType.Element
  ) -> StableHLOValue {
    let (lowest, highest) = target.integerRange
    let type = x.type.with(target)
    let isNaN = compare(.NE, x, x)
    let isLow = compare(.LE, x, constant(Double(lowest), x.type))
    let isHigh = compare(.GE, x, constant(Double(highest), x.type))
    let isOutside = or(isNaN, or(isLow, isHigh))
    // Nothing undefined is converted, not even where it is not used.
    let inside = convert(select(isOutside, constant(0, x.type), x), target)
    let ends = select(
      isLow, constant(integer: lowest, type), constant(integer: highest, type))
    return select(isNaN, constant(integer: 0, type), select(isOutside, ends, inside))
  }
}

extension StableHLOType.Element {
  /// The smallest and the largest integer of a type that tensors have.
  var integerRange: (lowest: Int, highest: Int) {
    switch self {
    case .ui8: (0, Int(UInt8.max))
    case .i32: (Int(Int32.min), Int(Int32.max))
    default: (.min, .max)
    }
  }
}
