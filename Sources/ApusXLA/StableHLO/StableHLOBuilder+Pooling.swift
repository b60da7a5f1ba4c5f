import ApusCore

extension StableHLOBuilder {
  /// The sum of each window.
  func windowSums(_ x: StableHLOValue, _ axes: [WindowAxis]) -> StableHLOValue {
    let zero = constant(integer: 0, x.type.scalar)
    if x.type.count > 0, !axes.contains(where: \.isUneven) {
      return reduceWindow(x, axes, from: zero, "stablehlo.add")
    }
    return axes.reduce(x) { x, axis in
      let parts = (0..<axis.window).map {
        pick(x, axis: axis.axis, at: axis.places($0), fill: zero)
      }
      return parts.dropFirst().reduce(parts[0], add)
    }
  }

  private func reduceWindow(
    _ x: StableHLOValue, _ axes: [WindowAxis], from start: StableHLOValue, _ operation: String
  ) -> StableHLOValue {
    var dims = x.dims
    for axis in axes { dims[axis.axis] = axis.count }
    let type = x.type.with(dims: dims)
    func list(_ numbers: [Int]) -> String {
      "array<i64: " + ([1] + numbers + [1]).map(String.init).joined(separator: ", ") + ">"
    }
    let pads = axes.map { "[\($0.low), \($0.high)]" }.joined(separator: ", ")
    let attributes = [
      "window_dimensions = \(list(axes.map(\.window)))",
      "window_strides = \(list(axes.map(\.stride)))",
      "window_dilations = \(list(axes.map(\.dilation)))",
      "padding = dense<[[0, 0], \(pads), [0, 0]]> : tensor<\(x.rank)x2xi64>",
    ]
    return emit(
      "\"stablehlo.reduce_window\"(\(x.name), \(start.name)) "
        + "<{\(attributes.joined(separator: ", "))}> (\(region(operation, x.element))) : "
        + "(\(x.type), \(start.type)) -> \(type)", type)
  }

  /// What lies in another array where each window has its first largest element; `fill` where it has
  /// none.
  func firstLargest(
    _ x: StableHLOValue, _ axes: [WindowAxis],
    carrying payload: (values: StableHLOValue, fill: StableHLOValue)
  ) -> StableHLOValue {
    firstLargest([x, payload.values], [constant(-.infinity, x.type.scalar), payload.fill], axes)[1]
  }

  /// The largest element of each window, −∞ where it has none.
  func windowMaxima(_ x: StableHLOValue, _ axes: [WindowAxis]) -> StableHLOValue {
    firstLargest([x], [constant(-.infinity, x.type.scalar)], axes)[0]
  }

  /// The elements of all arrays where the first one has each window's first largest, NaN being larger
  /// than any number.
  ///
  /// The last axis is searched first: the winner of winners is the first in row-major order.
  private func firstLargest(
    _ arrays: [StableHLOValue], _ fills: [StableHLOValue], _ axes: [WindowAxis]
  ) -> [StableHLOValue] {
    var best = arrays
    for axis in axes.reversed() {
      let rows = best
      var isFound = Array(repeating: false, count: axis.count)
      for element in 0..<axis.window {
        let places = axis.places(element)
        let new = zip(rows, fills).map { pick($0, axis: axis.axis, at: places, fill: $1) }
        let isFirst = zip(places, isFound).map { $0 != nil && !$1 }
        isFound = zip(places, isFound).map { $0 != nil || $1 }
        guard element > 0 else {
          best = new
          continue
        }
        var isBetter = and(
          not(compare(.LE, new[0], best[0])), compare(.EQ, best[0], best[0]))
        if isFirst.contains(true) {
          isBetter = or(isBetter, spread(isFirst, axis: axis.axis, of: isBetter.type))
        }
        best = zip(new, best).map { select(isBetter, $0, $1) }
      }
    }
    return best
  }

  func not(_ x: StableHLOValue) -> StableHLOValue { unary("stablehlo.not", x) }

  /// The place of every element of `x[N, s…, C]` among the spatial ones in row-major order.
  func spatialPlaces(_ dims: [Int]) -> StableHLOValue {
    let spatial = Array(dims.dropFirst().dropLast())
    let area = spatial.reduce(1, *)
    let flat = StableHLOType(area <= Int(Int32.max) ? .i32 : .i64, [area])
    return broadcast(reshape(iota(0, flat), spatial), to: dims, axes: Array(1...spatial.count))
  }

  /// For every element of an axis of the operand, what the windows hold that it lies in: those that
  /// begin last at 0, the ones before them at 1, and so on. `fill` where there is none.
  func windowsOver(
    _ y: StableHLOValue, _ axis: WindowAxis, turn: Int, fill: StableHLOValue
  ) -> StableHLOValue {
    var repeated = y
    if axis.stride > 1 {
      var dims = y.dims
      dims.insert(axis.stride, at: axis.axis + 1)
      let spread = broadcast(y, to: dims, axes: dims.indices.filter { $0 != axis.axis + 1 })
      dims.remove(at: axis.axis + 1)
      dims[axis.axis] *= axis.stride
      repeated = reshape(spread, dims)
    }
    let before = turn * axis.stride - axis.low
    return pad(
      repeated, axis: axis.axis, before: before,
      after: axis.extent - repeated.dims[axis.axis] - before, fill: fill)
  }

  /// Adds every window's number to all its elements: the transpose of a sum over windows.
  func spread(_ y: StableHLOValue, over axes: [WindowAxis]) -> StableHLOValue {
    let zero = constant(integer: 0, y.type.scalar)
    return axes.reduce(y) { y, axis in
      let parts: [StableHLOValue]
      if axis.isUneven || axis.dilation > 1 {
        parts = (0..<axis.window).map {
          place(y, axis: axis.axis, at: axis.places($0), extent: axis.extent)
        }
      } else {
        parts = (0..<axis.overlap).map { turn in
          let part = windowsOver(y, axis, turn: turn, fill: zero)
          let isInside = (0..<axis.extent).map {
            ($0 + axis.low) % axis.stride + turn * axis.stride < axis.window
          }
          return masked(part, axis: axis.axis, by: isInside, fill: zero)
        }
      }
      return parts.dropFirst().reduce(parts[0], add)
    }
  }
}
