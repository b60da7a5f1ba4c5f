import ApusCore

extension StableHLOBuilder {
  /// An operation of one operand that keeps its type, such as `stablehlo.exponential`.
  func unary(_ name: String, _ x: StableHLOValue) -> StableHLOValue {
    name.hasPrefix("chlo.")
      ? emit("\(name) \(x.name) : \(x.type) -> \(x.type)", x.type)
      : emit("\(name) \(x.name) : \(x.type)", x.type)
  }

  /// An operation of two operands of one type, such as `stablehlo.add`.
  func binary(_ name: String, _ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    emit("\(name) \(a.name), \(b.name) : \(a.type)", a.type)
  }

  func add(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.add", a, b)
  }
  func subtract(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.subtract", a, b)
  }
  func multiply(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.multiply", a, b)
  }
  func divide(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.divide", a, b)
  }
  func and(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.and", a, b)
  }
  func or(_ a: StableHLOValue, _ b: StableHLOValue) -> StableHLOValue {
    binary("stablehlo.or", a, b)
  }

  func compare(
    _ direction: StableHLOForm.Comparison, _ a: StableHLOValue, _ b: StableHLOValue,
    totalOrder: Bool = false
  ) -> StableHLOValue {
    let order = totalOrder && a.element.isFloating ? ", TOTALORDER" : ""
    return emit(
      "stablehlo.compare \(direction.rawValue), \(a.name), \(b.name)\(order) : "
        + "(\(a.type), \(b.type)) -> \(a.type.with(.i1))", a.type.with(.i1))
  }

  /// `onTrue` where the predicate holds; a predicate of one element decides for all.
  func select(
    _ predicate: StableHLOValue, _ onTrue: StableHLOValue, _ onFalse: StableHLOValue
  ) -> StableHLOValue {
    emit(
      "stablehlo.select \(predicate.name), \(onTrue.name), \(onFalse.name) : "
        + "\(predicate.type), \(onTrue.type)", onTrue.type)
  }

  /// Converts elements by StableHLO's rule; itself where nothing changes.
  func convert(_ x: StableHLOValue, _ element: StableHLOType.Element) -> StableHLOValue {
    if x.element == element { return x }
    let type = x.type.with(element)
    let result = emit("stablehlo.convert \(x.name) : (\(x.type)) -> \(type)", type)
    if element.holdsAll(of: x.element) { hostInputs[result.name] = hostInputs[x.name] }
    return result
  }

  /// Reads the bits as elements of another type of the same width.
  func bitcast(_ x: StableHLOValue, _ element: StableHLOType.Element) -> StableHLOValue {
    if x.element == element { return x }
    let type = x.type.with(element)
    return emit("stablehlo.bitcast_convert \(x.name) : (\(x.type)) -> \(type)", type)
  }

  /// Keeps the compiler from moving work across: what is computed again stays computed again.
  func barrier(_ values: [StableHLOValue]) -> [StableHLOValue] {
    let types = values.map(\.type)
    let text =
      "stablehlo.optimization_barrier \(Self.names(values)) : "
      + types.map(\.description).joined(separator: ", ")
    return values.count == 1 ? [emit(text, types[0])] : emit(text, types)
  }
}
