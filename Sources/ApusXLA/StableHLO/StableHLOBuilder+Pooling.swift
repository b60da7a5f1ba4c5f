import ApusCore

extension StableHLOBuilder {
  /// Combines the elements of each window, padding being `start`.
  func pooled(
    _ x: StableHLOValue, _ axes: [WindowAxis], from start: StableHLOValue, _ operation: String
  ) -> StableHLOValue {
    if x.type.count > 0, !axes.contains(where: \.isUneven) {
      return reduceWindow(x, axes, from: start, operation)
    }
    return axes.reduce(x) { x, axis in
      let parts = (0..<axis.window).map {
        pick(x, axis: axis.axis, at: axis.places($0), fill: start)
      }
      return parts.dropFirst().reduce(parts[0]) { binary(operation, $0, $1) }
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

  /// The first largest element of each window, NaN being largest, and what lies there in other
  /// arrays; `fill` where a window has no element.
  ///
  /// The last axis is searched first: the winner of winners is the first in row-major order.
  func firstLargest(
    _ x: StableHLOValue, _ axes: [WindowAxis],
    carrying payload: (values: StableHLOValue, fill: StableHLOValue)
  ) -> StableHLOValue {
    let lowest = constant(-.infinity, x.type.scalar)
    var (largest, carried) = (x, payload.values)
    for axis in axes.reversed() {
      let (rows, others) = (largest, carried)
      var isFound = Array(repeating: false, count: axis.count)
      for element in 0..<axis.window {
        let places = axis.places(element)
        let new = pick(rows, axis: axis.axis, at: places, fill: lowest)
        let other = pick(others, axis: axis.axis, at: places, fill: payload.fill)
        let isFirst = zip(places, isFound).map { $0 != nil && !$1 }
        isFound = zip(places, isFound).map { $0 != nil || $1 }
        guard element > 0 else {
          (largest, carried) = (new, other)
          continue
        }
        var isBetter = and(
          not(compare(.LE, new, largest)), compare(.EQ, largest, largest))
        if isFirst.contains(true) {
          isBetter = or(isBetter, spread(isFirst, axis: axis.axis, of: isBetter.type))
        }
        largest = select(isBetter, new, largest)
        carried = select(isBetter, other, carried)
      }
    }
    return carried
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
