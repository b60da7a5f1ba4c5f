import ApusCore

extension StochasticPoolIndices: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    let (x, u) = (builder.wide(call.operands[0]), builder.wide(call.operands[1]))
    let none = builder.constant(integer: 0, x.type)
    // NaN is no activation.
    let weights = builder.select(builder.compare(.GT, x, none), x, none)
    let places = builder.convert(builder.spatialPlaces(x.dims), .i64)
    let zero = builder.constant(integer: 0, u.type)
    let start = builder.constant(integer: 0, x.type.scalar)
    let elements = WindowAxis.elements(axes)
    let inWindow = elements.map { element in
      builder.pick(weights, axes, at: element, fill: start)
    }
    let total = inWindow.reduce(zero, builder.add)
    let limit = builder.multiply(u, total)
    var sum = zero
    var isDrawn = builder.compare(.NE, zero, zero)
    let first = zip(axes, axes.map(\.firstPlaces)).reduce(places) { places, pair in
      builder.pick(
        places, axis: pair.0.axis, at: pair.1,
        fill: builder.constant(integer: 0, places.type.scalar))
    }
    // Rounding may leave the limit at the sum: then the last activation has been passed.
    var (drawn, last) = (first, first)
    for (element, weight) in zip(elements, inWindow) {
      let place = builder.pick(
        places, axes, at: element, fill: builder.constant(integer: 0, places.type.scalar))
      sum = builder.add(sum, weight)
      let isHere = builder.and(builder.not(isDrawn), builder.compare(.GT, sum, limit))
      drawn = builder.select(isHere, place, drawn)
      isDrawn = builder.or(isDrawn, isHere)
      last = builder.select(builder.compare(.GT, weight, zero), place, last)
    }
    return [builder.select(isDrawn, drawn, last)]
  }
}

extension WindowAxis {
  /// Where the first element of each window lies that is one of the operand's.
  fileprivate var firstPlaces: [Int?] {
    let all = (0..<window).map(places)
    return (0..<count).map { target in all.lazy.compactMap { $0[target] }.first }
  }

  /// The elements of a window of several axes, in row-major order.
  fileprivate static func elements(_ axes: [WindowAxis]) -> [[Int]] {
    axes.reduce([[]]) { heads, axis in
      heads.flatMap { head in (0..<axis.window).map { head + [$0] } }
    }
  }
}

extension StableHLOBuilder {
  /// One element of every window.
  fileprivate func pick(
    _ x: StableHLOValue, _ axes: [WindowAxis], at element: [Int], fill: StableHLOValue
  ) -> StableHLOValue {
    zip(axes, element).reduce(x) { x, pair in
      pick(x, axis: pair.0.axis, at: pair.0.places(pair.1), fill: fill)
    }
  }
}
