import ApusCore

extension MultiHeadAttention {
  /// Queries `[N, T, heads, d]`, keys and values `[N, S, keyHeads, d]`.
  typealias Projected = (query: Tensor, key: Tensor, value: Tensor)

  private var headWidth: Int { heads > 0 ? width / heads : 0 }
  /// The width of all heads of keys.
  private var sharedWidth: Int { headWidth.timesClamped(keyHeads) }
  private var sizes: [Int] { [width, sharedWidth, sharedWidth] }

  /// Checks settings alone.
  func checkSettings() throws(Violation) {
    for (size, name) in [(width, "width"), (keyWidth, "keyWidth"), (valueWidth, "valueWidth")] {
      try require(size > 0 && size <= 1 << 31, "\(name) \(size) is not from 1 to \(1 << 31)")
    }
    try require(
      heads > 0 && width % heads == 0, "\(heads) heads do not divide the width \(width)")
    try require(
      keyHeads > 0 && heads % keyHeads == 0,
      "\(keyHeads) heads of keys do not divide \(heads) heads")
    try requireRate(dropoutRate)
    try rotary?.check(width: headWidth)
  }

  func build(
    _ query: TensorType, _ key: TensorType, _ value: TensorType, _ mask: AttentionMask
  ) throws(Violation) {
    try checkSettings()
    try requireSequence(query, width: width, "queries")
    try requireSequence(key, width: keyWidth, "keys")
    try requireSequence(value, width: valueWidth, "values")
    try require(
      query.dtype == key.dtype && key.dtype == value.dtype,
      "dtypes differ: \(query.dtype), \(key.dtype) and \(value.dtype)")
    try require(
      query[0] == key[0] && key[0] == value[0],
      "batches differ: \(query[0]), \(key[0]) and \(value[0])")
    try require(key[1] == value[1], "lengths differ: keys have \(key[1]), values \(value[1])")
    try mask.check(batch: query[0], keys: key[1])
    try joined?.allocate(query.dtype, [sizes.reduce(0, +), width])
    for (parameter, size) in zip(separate, zip(sizes, [width, keyWidth, valueWidth])) {
      try parameter.allocate(query.dtype, [size.0, size.1])
    }
    try bias?.allocate(query.dtype, [sizes.reduce(0, +)])
    if let held = joined?.type {
      try require(
        held.shape == [sizes.reduce(0, +), width],
        "in_proj_weight is \(held.shape), not \(Shape([sizes.reduce(0, +), width]))")
    }
  }

  func project(_ query: Tensor, _ key: Tensor, _ value: Tensor) -> Projected {
    if let joined, query.isSame(as: key), key.isSame(as: value) {
      let all = affine(query, joined.value, bias?.value).split(sizes: sizes, axis: -1)
      return (split(all[0], heads), split(all[1], keyHeads), split(all[2], keyHeads))
    }
    return (
      split(product(query, rows: 0), heads), split(product(key, rows: 1), keyHeads),
      split(product(value, rows: 2), keyHeads)
    )
  }

  /// The projection of queries (0), keys (1) or values (2) alone.
  func product(_ x: Tensor, rows part: Int) -> Tensor {
    let start = sizes[..<part].reduce(0, +)
    let rows = start..<(start + sizes[part])
    let weight =
      separate.isEmpty ? joined?.value.sliced(axis: 0, rows) : separate[part].value
    guard let weight else { return x }
    return affine(x, weight, bias?.value.sliced(axis: 0, rows))
  }

  func split(_ x: Tensor, _ heads: Int) -> Tensor {
    x.reshaped(to: [x.shape[0], x.shape[1], heads, headWidth])
  }

  func rotated(_ parts: Projected, from positions: Tensor? = nil) -> Projected {
    guard let rotary else { return parts }
    return (
      rotary(parts.query, from: positions), rotary(parts.key, from: positions), parts.value
    )
  }

  /// Heads beside each other, through the last projection.
  func joinedHeads(_ y: Tensor) -> Tensor {
    let at = CallSite.ofLayer
    return output(
      y.reshaped(to: [y.shape[0], y.shape[1], width]), file: at.file, line: at.line)
  }
}

/// `x · weightᵀ + bias`.
func affine(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
  let at = CallSite.ofLayer
  let y = matmul(x, weight.matrixTransposed(), file: at.file, line: at.line)
  return bias.map { y + $0 } ?? y
}
