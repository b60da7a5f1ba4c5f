import ApusCore

/// Gathering and scattering along one axis; indices are within the range.
extension StableHLOBuilder {
  /// Slices of an axis: `x[outer…, N, inner…], indices[I…] → y[outer…, I…, inner…]`.
  func gather(_ x: StableHLOValue, _ indices: StableHLOValue, axis: Int) -> StableHLOValue {
    let type = x.type.with(
      dims: Array(x.dims[..<axis]) + indices.dims + Array(x.dims[(axis + 1)...]))
    if type.count == 0 { return empty(type) }
    var sizes = x.dims
    sizes[axis] = 1
    let window = Self.window(type.rank, axis: axis, indexRank: indices.rank)
    let numbers =
      "#stablehlo.gather<\(Self.field("offset_dims", window))collapsed_slice_dims = [\(axis)], "
      + "start_index_map = [\(axis)], index_vector_dim = \(indices.rank)>"
    return gather(x, indices, numbers, sizes: sizes, type)
  }

  /// Elements of an axis, one index for each: `x[outer…, N, inner…], indices[outer…, I, inner…]`.
  func gatherElements(
    _ x: StableHLOValue, _ indices: StableHLOValue, axis: Int
  ) -> StableHLOValue {
    let type = x.type.with(dims: indices.dims)
    if type.count == 0 { return empty(type) }
    let others = x.dims.indices.filter { $0 != axis }
    let numbers =
      "#stablehlo.gather<collapsed_slice_dims = [\(axis)], "
      + Self.field("operand_batching_dims", others)
      + Self.field("start_indices_batching_dims", others)
      + "start_index_map = [\(axis)], index_vector_dim = \(indices.rank)>"
    return gather(x, indices, numbers, sizes: x.dims.map { _ in 1 }, type)
  }

  /// Adds slices at indices along an axis; 16-bit numbers are added up in 32 bits.
  func scatterAdd(
    _ base: StableHLOValue, _ indices: StableHLOValue, _ updates: StableHLOValue, axis: Int
  ) -> StableHLOValue {
    let window = Self.window(updates.rank, axis: axis, indexRank: indices.rank)
    let numbers =
      "#stablehlo.scatter<\(Self.field("update_window_dims", window))"
      + "inserted_window_dims = [\(axis)], scatter_dims_to_operand_dims = [\(axis)], "
      + "index_vector_dim = \(indices.rank)>"
    return scatterAdd(base, indices, updates, numbers)
  }

  /// Adds elements at indices along an axis, one index for each.
  func scatterAddElements(
    _ base: StableHLOValue, _ indices: StableHLOValue, _ updates: StableHLOValue, axis: Int
  ) -> StableHLOValue {
    let others = base.dims.indices.filter { $0 != axis }
    let numbers =
      "#stablehlo.scatter<inserted_window_dims = [\(axis)], "
      + Self.field("input_batching_dims", others)
      + Self.field("scatter_indices_batching_dims", others)
      + "scatter_dims_to_operand_dims = [\(axis)], index_vector_dim = \(indices.rank)>"
    return scatterAdd(base, indices, updates, numbers)
  }

  private func gather(
    _ x: StableHLOValue, _ indices: StableHLOValue, _ numbers: String, sizes: [Int],
    _ type: StableHLOType
  ) -> StableHLOValue {
    let list = sizes.map(String.init).joined(separator: ", ")
    return emit(
      "\"stablehlo.gather\"(\(x.name), \(indices.name)) <{dimension_numbers = \(numbers), "
        + "slice_sizes = array<i64: \(list)>}> : (\(x.type), \(indices.type)) -> \(type)", type)
  }

  private func scatterAdd(
    _ base: StableHLOValue, _ indices: StableHLOValue, _ updates: StableHLOValue, _ numbers: String
  ) -> StableHLOValue {
    if updates.type.count == 0 { return base }
    let (target, added) = (wide(base), wide(updates))
    let sum = emit(
      "\"stablehlo.scatter\"(\(Self.names([target, indices, added]))) "
        + "<{scatter_dimension_numbers = \(numbers), indices_are_sorted = false, "
        + "unique_indices = false}> (\(region("stablehlo.add", target.element))) : "
        + "\(Self.list([target.type, indices.type, added.type])) -> \(target.type)", target.type)
    return convert(sum, base.element)
  }

  /// The axes of gathered slices that come from the operand, not from the indices.
  private static func window(_ rank: Int, axis: Int, indexRank: Int) -> [Int] {
    Array(0..<axis) + Array((axis + indexRank)..<rank)
  }

  /// `name = [1, 2], `, or nothing where the list is empty.
  private static func field(_ name: String, _ axes: [Int]) -> String {
    axes.isEmpty ? "" : "\(name) = \(axes), "
  }
}
