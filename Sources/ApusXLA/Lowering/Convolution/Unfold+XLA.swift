import ApusCore

extension UnfoldWindows: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let rank = windows.rank
    let axes = windows.axes(call.operandTypes[0], call.resultTypes[0])
    let fill = builder.constant(integer: 0, call.result.scalar)
    // The window's axis of each spatial one goes before those of the axes after it.
    let all = axes.reversed().reduce(call.operands[0]) { x, axis in
      var dims = x.dims
      dims[axis.axis] = axis.count
      dims.insert(1, at: rank + 1)
      let parts = (0..<axis.window).map { element in
        builder.reshape(
          builder.pick(x, axis: axis.axis, at: axis.places(element), fill: fill), dims)
      }
      return builder.concatenate(parts, axis: rank + 1)
    }
    return [all]
  }
}

extension FoldWindows: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let y = call.operands[0]
    if y.type.count == 0 { return [builder.constant(integer: 0, call.result)] }
    let rank = windows.rank
    let axes = windows.axes(call.resultTypes[0], call.operandTypes[0])
    let sums = axes.reduce(builder.wide(y)) { y, axis in
      let parts = (0..<axis.window).map { element in
        let part = builder.element(element, of: y, axis: rank + 1)
        return builder.place(
          part, axis: axis.axis, at: axis.places(element), extent: axis.extent)
      }
      return parts.dropFirst().reduce(parts[0], builder.add)
    }
    return [builder.convert(sums, y.element)]
  }
}

extension StableHLOBuilder {
  /// One element of an axis, which disappears.
  fileprivate func element(_ index: Int, of x: StableHLOValue, axis: Int) -> StableHLOValue {
    var (starts, ends, dims) = (x.dims.map { _ in 0 }, x.dims, x.dims)
    (starts[axis], ends[axis]) = (index, index + 1)
    dims.remove(at: axis)
    return reshape(slice(x, starts, ends), dims)
  }
}
