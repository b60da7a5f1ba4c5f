import ApusCore

extension StableHLOBuilder {
  func reshape(_ x: StableHLOValue, _ dims: [Int]) -> StableHLOValue {
    if x.dims == dims { return x }
    let type = x.type.with(dims: dims)
    let result = emit("stablehlo.reshape \(x.name) : (\(x.type)) -> \(type)", type)
    if let half = halves[x.name] { halves[result.name] = reshape(half, dims) }
    hostInputs[result.name] = hostInputs[x.name]
    return result
  }

  /// Result axis `i` is operand axis `permutation[i]`.
  func transpose(_ x: StableHLOValue, _ permutation: [Int]) -> StableHLOValue {
    if permutation == Array(permutation.indices) { return x }
    let type = x.type.with(dims: permutation.map { x.dims[$0] })
    let result = emit(
      "stablehlo.transpose \(x.name), dims = \(permutation) : (\(x.type)) -> \(type)", type)
    if let half = halves[x.name] { halves[result.name] = transpose(half, permutation) }
    return result
  }

  /// Operand axis `i` becomes axis `axes[i]` of the result; axes of extent 1 spread.
  func broadcast(_ x: StableHLOValue, to dims: [Int], axes: [Int]) -> StableHLOValue {
    if x.dims == dims { return x }
    let type = x.type.with(dims: dims)
    return emit(
      "stablehlo.broadcast_in_dim \(x.name), dims = \(axes) : (\(x.type)) -> \(type)", type)
  }

  /// Spreads a scalar.
  func splat(_ x: StableHLOValue, to dims: [Int]) -> StableHLOValue {
    broadcast(x, to: dims, axes: [])
  }

  func slice(
    _ x: StableHLOValue, _ starts: [Int], _ ends: [Int], strides: [Int]? = nil
  ) -> StableHLOValue {
    let strides = strides ?? x.dims.map { _ in 1 }
    let dims = x.dims.indices.map { axis in
      max(0, (ends[axis] - starts[axis] + strides[axis] - 1) / strides[axis])
    }
    if dims == x.dims { return x }
    let ranges = x.dims.indices.map { "\(starts[$0]):\(ends[$0]):\(strides[$0])" }
    let type = x.type.with(dims: dims)
    return emit(
      "stablehlo.slice \(x.name) [\(ranges.joined(separator: ", "))] : (\(x.type)) -> \(type)",
      type)
  }

  /// Pads with a scalar; negative amounts cut off, interior ones go between elements.
  func pad(
    _ x: StableHLOValue, with value: StableHLOValue, low: [Int], high: [Int],
    interior: [Int]? = nil
  ) -> StableHLOValue {
    let interior = interior ?? low.map { _ in 0 }
    let dims = x.dims.indices.map { axis in
      low[axis] + x.dims[axis] + max(0, x.dims[axis] - 1) * interior[axis] + high[axis]
    }
    let type = x.type.with(dims: dims)
    return emit(
      "stablehlo.pad \(x.name), \(value.name), low = \(low), high = \(high), "
        + "interior = \(interior) : (\(x.type), \(value.type)) -> \(type)", type)
  }

  func concatenate(_ parts: [StableHLOValue], axis: Int) -> StableHLOValue {
    if parts.count == 1 { return parts[0] }
    var dims = parts[0].dims
    dims[axis] = parts.reduce(0) { $0 + $1.dims[axis] }
    let type = parts[0].type.with(dims: dims)
    return emit(
      "stablehlo.concatenate \(Self.names(parts)), dim = \(axis) : "
        + "\(Self.list(parts.map(\.type))) -> \(type)", type)
  }

  func reverse(_ x: StableHLOValue, axes: [Int]) -> StableHLOValue {
    if axes.isEmpty { return x }
    return emit("stablehlo.reverse \(x.name), dims = \(axes) : \(x.type)", x.type)
  }

  /// A block that starts at scalar indices, one for each axis.
  func dynamicSlice(
    _ x: StableHLOValue, at starts: [StableHLOValue], sizes: [Int]
  ) -> StableHLOValue {
    let type = x.type.with(dims: sizes)
    let types = Self.list([x.type] + starts.map(\.type))
    return emit(
      "stablehlo.dynamic_slice \(Self.names([x] + starts)), sizes = \(sizes) : \(types) -> \(type)",
      type)
  }

  func dynamicUpdateSlice(
    _ x: StableHLOValue, _ update: StableHLOValue, at starts: [StableHLOValue]
  ) -> StableHLOValue {
    let types = Self.list([x.type, update.type] + starts.map(\.type))
    return emit(
      "stablehlo.dynamic_update_slice \(Self.names([x, update] + starts)) : \(types) -> \(x.type)",
      x.type)
  }
}
