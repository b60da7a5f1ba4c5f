import ApusCore

extension Reduce: StableHLOLowering {
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    [builder.reshape(reduced(call.operands[0], builder), call.result.dims)]
  }

  private func reduced(_ x: StableHLOValue, _ builder: StableHLOBuilder) -> StableHLOValue {
    switch kind {
    case .sum: return builder.sum(x, axes: axes)
    case .product:
      let wide = builder.wide(x)
      let one = builder.constant(1, wide.type.scalar)
      let product = builder.reduce(wide, from: one, axes: axes, "stablehlo.multiply")
      return builder.convert(product, x.element)
    case .maximum:
      return builder.reduce(x, from: builder.least(x.element), axes: axes, "stablehlo.maximum")
    case .minimum:
      return builder.reduce(x, from: builder.greatest(x.element), axes: axes, "stablehlo.minimum")
    }
  }
}

extension StableHLOBuilder {
  /// The scalar below all others of a type.
  func least(_ element: StableHLOType.Element) -> StableHLOValue {
    let type = StableHLOType(element)
    return element.isFloating
      ? constant(-.infinity, type) : constant(integer: element.integerRange.lowest, type)
  }

  /// The scalar above all others of a type.
  func greatest(_ element: StableHLOType.Element) -> StableHLOValue {
    let type = StableHLOType(element)
    return element.isFloating
      ? constant(.infinity, type) : constant(integer: element.integerRange.highest, type)
  }
}
