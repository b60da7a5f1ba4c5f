import ApusCore

/// Where each of a row of results takes its element from along an axis, or that it takes none.
private struct EvenPlaces {
  /// The results that take an element.
  let range: Range<Int>
  let first: Int
  let last: Int
  let step: Int

  /// `nil` where the places do not lie evenly one after the other.
  init?(_ places: [Int?]) {
    let known = places.indices.filter { places[$0] != nil }
    guard let start = known.first, let end = known.last, end - start + 1 == known.count
    else { return nil }
    let values = places[start...end].compactMap(\.self)
    let step = values.count > 1 ? values[1] - values[0] : 1
    guard step > 0, zip(values, values.dropFirst()).allSatisfy({ $1 - $0 == step })
    else { return nil }
    (range, first, last, self.step) = (start..<(end + 1), values[0], values[values.count - 1], step)
  }
}

extension StableHLOBuilder {
  /// The elements of an axis at places known now; `fill` where there is none.
  func pick(
    _ x: StableHLOValue, axis: Int, at places: [Int?], fill: StableHLOValue
  ) -> StableHLOValue {
    var dims = x.dims
    dims[axis] = places.count
    if places.allSatisfy({ $0 == nil }) { return splat(fill, to: dims) }
    guard let even = EvenPlaces(places) else {
      let taken = gather(x, constant(integers: places.map { $0 ?? 0 }, .i64), axis: axis)
      return masked(taken, axis: axis, by: places.map { $0 != nil }, fill: fill)
    }
    var (starts, ends) = (x.dims.map { _ in 0 }, x.dims)
    var strides = x.dims.map { _ in 1 }
    (starts[axis], ends[axis], strides[axis]) = (even.first, even.last + 1, even.step)
    let taken = slice(x, starts, ends, strides: strides)
    let (before, after) = (even.range.lowerBound, places.count - even.range.upperBound)
    return pad(taken, axis: axis, before: before, after: after, fill: fill)
  }

  /// Puts the elements of an axis at places of a longer one, adding up those that meet; elements
  /// without a place are dropped.
  func place(
    _ x: StableHLOValue, axis: Int, at places: [Int?], extent: Int
  ) -> StableHLOValue {
    let zero = constant(integer: 0, x.type.scalar)
    guard let even = EvenPlaces(places) else {
      var sources: [[Int]] = Array(repeating: [], count: extent)
      for (source, place) in places.enumerated() { if let place { sources[place].append(source) } }
      let most = max(sources.map(\.count).max() ?? 0, 1)
      let parts = (0..<most).map { turn in
        pick(x, axis: axis, at: sources.map { $0.count > turn ? $0[turn] : nil }, fill: zero)
      }
      return parts.dropFirst().reduce(parts[0], add)
    }
    var (starts, ends) = (x.dims.map { _ in 0 }, x.dims)
    (starts[axis], ends[axis]) = (even.range.lowerBound, even.range.upperBound)
    return pad(
      slice(x, starts, ends), axis: axis, before: even.first, after: extent - 1 - even.last,
      between: even.step - 1, fill: zero)
  }

  /// Puts `fill` before, after and between the elements of one axis; negative amounts cut off.
  func pad(
    _ x: StableHLOValue, axis: Int, before: Int, after: Int, between: Int = 0,
    fill: StableHLOValue
  ) -> StableHLOValue {
    if before == 0, after == 0, between == 0 || x.dims[axis] < 2 { return x }
    var amounts = (low: x.dims.map { _ in 0 }, high: x.dims.map { _ in 0 })
    var interior = amounts.low
    (amounts.low[axis], amounts.high[axis], interior[axis]) = (before, after, between)
    return pad(x, with: fill, low: amounts.low, high: amounts.high, interior: interior)
  }

  /// `fill` at the places of an axis for which `mask` does not hold.
  func masked(
    _ x: StableHLOValue, axis: Int, by mask: [Bool], fill: StableHLOValue
  ) -> StableHLOValue {
    if !mask.contains(false) { return x }
    return select(spread(mask, axis: axis, of: x.type), x, splat(fill, to: x.dims))
  }

  /// Truth values of the places of one axis, the same along all others.
  func spread(_ mask: [Bool], axis: Int, of type: StableHLOType) -> StableHLOValue {
    let words = mask.map { UInt8($0 ? 1 : 0) }
    let flat = words.withUnsafeBytes { constant(bytes: $0, StableHLOType(.i1, [mask.count])) }
    return broadcast(flat, to: type.dims, axes: [axis])
  }
}
