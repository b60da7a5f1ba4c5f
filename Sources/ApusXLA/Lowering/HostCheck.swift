import ApusCore

/// A check of indices that come straight from the host: made there, before a run, and not by the
/// program, whose steps need not wait for each other then.
struct HostCheck {
  /// The input of the program that holds the indices.
  let input: Int
  let rule: IndexRule
  let origin: StableHLOBuilder.Origin

  /// The error for the first element that is refused, as the program's own checks tell it.
  func error(_ memory: UnsafeRawPointer, _ type: TensorType) -> TensorError? {
    type.dtype.scalarType.firstRefused(memory, count: type.count, rule).map { found in
      DataCheck.error(
        .index(limit: rule.extent), origin, position: Int64(found.position), value: found.value)
    }
  }
}

/// Which indices are good.
struct IndexRule: Hashable {
  /// Good are `0..<extent`.
  let extent: Int
  /// Whether `-extent..<0` are good too.
  let countsFromEnd: Bool
  /// A number that is good whatever the extent.
  var ignored: Int?

  func allows(_ index: Int64) -> Bool {
    let limit = Int64(extent)
    if index >= 0 ? index < limit : countsFromEnd && index >= -limit { return true }
    return ignored.map { Int64($0) == index } ?? false
  }
}

extension TensorScalar {
  /// The first element that a rule does not allow.
  fileprivate static func firstRefused(
    _ memory: UnsafeRawPointer, count: Int, _ rule: IndexRule
  ) -> (position: Int, value: Int64)? {
    let elements = UnsafeBufferPointer(
      start: memory.assumingMemoryBound(to: Self.self), count: count)
    for (position, element) in elements.enumerated() {
      let index = element.asInt64
      if !rule.allows(index) { return (position, index) }
    }
    return nil
  }
}
