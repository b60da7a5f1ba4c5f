extension Tensor {
  /// Returns consecutive parts of an axis with the given sizes.
  ///
  /// Sizes that do not add up to the axis give failed tensors.
  public func split(
    sizes: [Int], axis: Int = 0, file: String = #fileID, line: Int = #line
  ) -> [Tensor] {
    parts(count: sizes.count, at: CallSite(file: file, line: line)) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      for size in sizes { try require(size >= 0, "size \(size) is negative") }
      let total = sizes.reduce(0) { $0.plusClamped($1) }
      try require(
        total == shape.dims[axis],
        "sizes \(sizes) add up to \(total), axis \(axis) has extent \(shape.dims[axis])")
      return (axis, sizes)
    }
  }

  /// Returns `count` parts of an axis, all of the same size.
  public func split(
    into count: Int, axis: Int = 0, file: String = #fileID, line: Int = #line
  ) -> [Tensor] {
    // A refusal gives as many failed tensors, unless that number is the mistake.
    let limit = Self.greatestPartCount
    return parts(
      count: count > limit ? 1 : count, at: CallSite(file: file, line: line)
    ) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      let extent = shape.dims[axis]
      try require(count > 0, "count \(count) is not positive")
      try require(count <= limit, "\(count) parts are more than \(limit)")
      try require(
        extent % count == 0,
        "axis \(axis) with extent \(extent) does not split into \(count) equal parts")
      return (axis, Array(repeating: extent / count, count: count))
    }
  }

  /// Returns parts of an axis of the given size; the last may be smaller.
  public func chunks(
    ofSize size: Int, axis: Int = 0, file: String = #fileID, line: Int = #line
  ) -> [Tensor] {
    parts(count: 1, at: CallSite(file: file, line: line)) { () throws(Violation) in
      let axis = try shape.normalized(axis: axis)
      let extent = shape.dims[axis]
      try require(size > 0, "size \(size) is not positive")
      let count = extent == 0 ? 0 : (extent - 1) / size + 1
      try require(
        count <= Self.greatestPartCount, "\(count) parts are more than \(Self.greatestPartCount)")
      let starts = stride(from: 0, to: extent, by: size)
      return (axis, starts.map { Swift.min(size, extent - $0) })
    }
  }

  /// More parts than anyone wants: the number is a mistake.
  private static var greatestPartCount: Int { 1 << 20 }

  /// Cuts the axis as `rule` says; a refusal gives `count` failed tensors.
  private func parts(
    count: Int, at site: CallSite, _ rule: () throws(Violation) -> (axis: Int, sizes: [Int])
  ) -> [Tensor] {
    func failures(_ failed: Tensor) -> [Tensor] {
      Array(repeating: failed, count: Swift.max(count, 1))
    }
    if error != nil { return failures(self) }
    do throws(Violation) {
      let (axis, sizes) = try rule()
      var start = 0
      return sizes.map { size in
        defer { start += size }
        return sliced(axis: axis, start..<(start + size), file: site.file, line: site.line)
      }
    } catch {
      return failures(Tensor(error: refusal(of: "split", [self], error, at: site)))
    }
  }
}
