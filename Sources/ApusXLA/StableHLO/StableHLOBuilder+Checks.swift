import ApusCore

/// A check of data within a program: where the first element was found that is refused.
///
/// Both values are `i64` scalars; the position is -1 where all elements are good.
struct DataCheck {
  var position: StableHLOValue
  var value: StableHLOValue
  let kind: Kind
  let origin: StableHLOBuilder.Origin

  enum Kind {
    /// An index that must lie in `0..<limit`.
    case index(limit: Int)
    /// A result that must be finite; the value is the bits of a double.
    case finite(StableHLOType)
  }

  /// The error for what was found.
  func error(position: Int64, value: Int64) -> TensorError {
    Self.error(kind, origin, position: position, value: value)
  }

  /// The error for what was found where.
  static func error(
    _ kind: Kind, _ origin: StableHLOBuilder.Origin, position: Int64, value: Int64
  ) -> TensorError {
    let reason =
      switch kind {
      case .index(let limit):
        "index \(value) at position \(position) is out of range: valid are 0..<\(limit)"
      case .finite(let type):
        "gave \(Self.text(of: value)) at position \(position) of \(type)"
      }
    return TensorError(
      operation: origin.operation, reason: reason, layerPath: origin.layerPath, site: origin.site)
  }

  /// A double by its bits; NaN without its payload.
  private static func text(of bits: Int64) -> String {
    let value = Double(bitPattern: UInt64(bitPattern: bits))
    return value.isNaN ? "nan" : "\(value)"
  }
}

extension StableHLOBuilder {
  /// Checks that indices lie in `0..<extent`, or from the end in `-extent..<0` where those count, and
  /// returns them within the range, so that what follows is defined.
  ///
  /// - Parameter ignored: A number that is no mistake; it becomes 0.
  func checkedIndices(
    _ indices: StableHLOValue, extent: Int, countsFromEnd: Bool, ignored: Int? = nil
  ) -> StableHLOValue {
    // The extent and what is ignored must be numbers of the type.
    let isWide = extent > Int(Int32.max) || ignored != nil
    var indices = isWide ? convert(indices, .i64) : indices
    let type = indices.type
    if type.count == 0 { return indices }
    let rule = IndexRule(extent: extent, countsFromEnd: countsFromEnd, ignored: ignored)
    let isKnown = isChecked(indices, rule)
    let zero = constant(integer: 0, type)
    let limit = constant(integer: extent, type)
    if let ignored {
      let isIgnored = compare(.EQ, indices, constant(integer: ignored, type))
      indices = select(isIgnored, zero, indices)
    }
    var normal = indices
    if countsFromEnd {
      let isNegative = compare(.LT, indices, zero)
      normal = select(isNegative, add(indices, limit), indices)
    }
    if isKnown { return normal }
    let isBad = or(compare(.LT, normal, zero), compare(.GE, normal, limit))
    checks.append(firstBad(isBad, convert(indices, .i64), .index(limit: extent)))
    let last = constant(integer: max(extent - 1, 0), type)
    return emit(
      "stablehlo.clamp \(zero.name), \(normal.name), \(last.name) : \(type)", type)
  }

  /// Checks that a result holds neither NaN nor infinity.
  func checkFinite(_ x: StableHLOValue) {
    if x.type.count == 0 { return }
    let isFinite = emit(
      "stablehlo.is_finite \(x.name) : (\(x.type)) -> \(x.type.with(.i1))", x.type.with(.i1))
    let isBad = unary("stablehlo.not", isFinite)
    checks.append(firstBad(isBad, bitcast(convert(x, .f64), .i64), .finite(x.type)))
  }

  /// The first refused element in row-major order; `values` are `i64`.
  private func firstBad(
    _ isBad: StableHLOValue, _ values: StableHLOValue, _ kind: DataCheck.Kind
  ) -> DataCheck {
    let count = values.type.count
    let flat = StableHLOType(.i64, [count])
    let bad = reshape(isBad, [count])
    let numbers = reshape(values, [count])
    let none = constant(integer: -1, flat.scalar)
    // Positions of refused elements in falling order of urgency: the first has the largest key.
    let key = subtract(constant(integer: count - 1, flat), iota(0, flat))
    let shown = select(bad, key, constant(integer: -1, flat))
    let largest = reduce(shown, from: none, axes: [0], "stablehlo.maximum")
    let isFirst = and(bad, compare(.EQ, shown, splat(largest, to: [count])))
    let zero = constant(integer: 0, flat)
    let picked = select(isFirst, numbers, zero)
    let value = reduce(
      picked, from: constant(integer: 0, flat.scalar), axes: [0], "stablehlo.add")
    let isFine = compare(.LT, largest, constant(integer: 0, flat.scalar))
    let position = subtract(constant(integer: count - 1, flat.scalar), largest)
    return DataCheck(
      position: select(isFine, none, position), value: value, kind: kind, origin: origin)
  }
}
