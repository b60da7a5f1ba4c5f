import ApusCore

extension CumulativeSum: StableHLOLowering {
  /// Sums over 1, 2, 4, … neighbours: as many additions as the extent has bits, on every device, where
  /// a window as long as the axis may take as many as the extent squared.
  func lower(_ call: LoweringCall, into builder: StableHLOBuilder) -> [StableHLOValue] {
    let x = call.operands[0]
    var sum = builder.wide(x)
    var reach = 1
    while reach < x.dims[axis] {
      sum = builder.add(sum, shifted(sum, by: reach, builder))
      reach *= 2
    }
    if isExclusive { sum = shifted(sum, by: 1, builder) }
    return [builder.convert(sum, x.element)]
  }

  /// Elements moved along the axis, zeros after them; some stay within it.
  private func shifted(
    _ x: StableHLOValue, by count: Int, _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    var (low, high) = (x.dims.map { _ in 0 }, x.dims.map { _ in 0 })
    (low[axis], high[axis]) = isReversed ? (-count, count) : (count, -count)
    return builder.pad(x, with: builder.constant(0, x.type.scalar), low: low, high: high)
  }
}
