import ApusCore

/// Keys and values of the tokens seen so far, for decoding step by step.
///
/// A value: a step gives a new cache and leaves the old one as it was. Room for `capacity` tokens is
/// there from the start, so that all steps have the same shapes and a compiled step is traced once.
/// A step beyond the capacity fails when it is evaluated.
///
/// - Shape: `keys[N, capacity, heads, d], values[N, capacity, heads, d], length[]` of `int64`.
public struct KeyValueCache: Sendable {
  public let keys: Tensor
  public let values: Tensor
  /// How many tokens are held.
  public let length: Tensor

  /// Creates an empty cache.
  public init(
    batch: Int, capacity: Int, heads: Int, headWidth: Int, dtype: DType = .float32,
    file: String = #fileID, line: Int = #line
  ) {
    let shape: Shape = [batch, capacity, heads, headWidth]
    let site = CallSite(file: file, line: line)
    let isValid = shape.dims.allSatisfy { $0 > 0 } && dtype.isFloating
    let room =
      isValid
      ? Tensor.zeros(shape, dtype: dtype, file: file, line: line)
      : Tensor(
        error: TensorError(
          operation: "KeyValueCache",
          reason: "\(TensorType(dtype, shape)) is not floating with positive sizes", site: site))
    self.init(keys: room, values: room, length: Tensor(integer: 0))
  }

  /// Creates a cache from its parts, such as the results of a compiled step.
  public init(keys: Tensor, values: Tensor, length: Tensor) {
    self.keys = keys
    self.values = values
    self.length = length
  }

  /// The parts, to hand to a compiled step.
  public var tensors: [Tensor] { [keys, values, length] }

  /// Puts caches together again from the parts of several, in order; what is left over is dropped.
  public static func list(of tensors: [Tensor]) -> [KeyValueCache] {
    stride(from: 0, to: tensors.count - 2, by: 3).map {
      KeyValueCache(keys: tensors[$0], values: tensors[$0 + 1], length: tensors[$0 + 2])
    }
  }

  /// Returns a cache that also holds the next tokens.
  ///
  /// - Shape: `keys[N, T, heads, d], values[N, T, heads, d]`.
  public func appending(
    keys next: Tensor, values nextValues: Tensor, file: String = #fileID, line: Int = #line
  ) -> KeyValueCache {
    let places = Tensor.iota([next.shape[1]], axis: 0, dtype: .int64) + length
    func filled(_ room: Tensor, _ rows: Tensor) -> Tensor {
      attempt(
        "KeyValueCache", [room, rows, length], at: CallSite(file: file, line: line)
      ) { () throws(Violation) in
        try require(
          rows.rank == 4 && room.rank == 4 && rows.dtype == room.dtype
            && rows.shape[0] == room.shape[0] && rows.shape.dims[2...] == room.shape.dims[2...],
          "\(rows.type) does not go into a cache of \(room.type)")
        // Free places hold zeros, so that adding writes.
        return room.scatteringAdd(rows, at: places, axis: 1, file: file, line: line)
      }
    }
    return KeyValueCache(
      keys: filled(keys, next), values: filled(values, nextValues),
      length: length + Tensor(integer: Int64(next.shape[1])))
  }

  /// Which places the last `count` tokens see: `[1, 1, count, capacity]`, `bool`.
  func visible(toLast count: Int) -> Tensor {
    let shape: Shape = [1, 1, count, keys.shape[1]]
    let first = length - Tensor(integer: Int64(count))
    return Tensor.iota(shape, axis: 3, dtype: .int64)
      .<= Tensor.iota(shape, axis: 2, dtype: .int64) + first
  }
}

extension MultiHeadAttention {
  /// Returns an empty cache for this attention.
  public func cache(
    batch: Int, capacity: Int, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> KeyValueCache {
    KeyValueCache(
      batch: batch, capacity: capacity, heads: keyHeads, headWidth: heads > 0 ? width / heads : 0,
      dtype: dtype, file: file, line: line)
  }

  /// Attends, as causal self-attention does, to the tokens in the cache and to `x`, which joins it.
  ///
  /// Step by step this gives what one pass over all tokens gives.
  /// - Shape: `x[N, T, width] → y[N, T, width]`, `T` new tokens, often one.
  /// - Parameter keys: `[N, capacity]`, `bool`: which tokens are there, and which are padding.
  public func step(
    _ x: Tensor, cache: inout KeyValueCache, keys: Tensor? = nil, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    var next = cache
    let given = cache
    let y = call(
      [("input", x), ("key mask", keys)] + given.tensors.map { ("cache", $0) }, context, file: file,
      line: line
    ) { () throws(Violation) in
      try require(
        keyWidth == width && valueWidth == width, "only self-attention decodes with a cache")
      try build(x.type, x.type, x.type, .none)
      try AttentionMask(keys: keys).check(batch: x.shape[0], keys: given.keys.shape[1])
    } forward: { _ in
      let at = CallSite.ofLayer
      let parts = rotated(project(x, x, x), from: given.length)
      next = given.appending(
        keys: parts.key, values: parts.value, file: at.file, line: at.line)
      let mask = AttentionMask(next.visible(toLast: x.shape[1]), keys: keys)
      let y = scaledDotProductAttention(
        parts.query, next.keys, next.values, mask: mask.combined, file: at.file, line: at.line)
      return joinedHeads(y)
    }
    cache = next
    return y
  }
}
