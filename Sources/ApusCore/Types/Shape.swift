/// The extents of a tensor along each axis, outermost first.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The extent of each axis.
  public let dims: [Int]

  /// Creates a shape with the given extents.
  public init(_ dims: [Int]) { self.dims = dims }

  public init(arrayLiteral elements: Int...) { dims = elements }

  /// The number of axes; a scalar has none.
  public var rank: Int { dims.count }

  /// The number of elements; a scalar has one. Saturates instead of overflowing.
  public var count: Int {
    var product = 1
    for extent in dims {
      let (value, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return extent == 0 || dims.contains(0) ? 0 : Int.max }
      product = value
    }
    return product
  }

  /// The extent of an axis; negative axes count from the last. Out of range, 0.
  public subscript(axis: Int) -> Int {
    let index = axis < 0 ? axis + rank : axis
    return dims.indices.contains(index) ? dims[index] : 0
  }

  /// Elements between neighbours along each axis when elements are contiguous.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1].timesClamped(max(dims[axis + 1], 1))
    }
    return strides
  }

  /// The number of elements, were no axis empty: bounds every product of extents.
  package var span: Int { dims.reduce(1) { $0.timesClamped(Swift.max($1, 1)) } }

  public var description: String { "[" + dims.map(String.init).joined(separator: ", ") + "]" }
}

extension Shape {
  /// Returns the non-negative form of `axis`, or refuses it with the valid range.
  package func normalized(axis: Int) throws(Violation) -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard index >= 0 && index < rank else {
      throw Violation("axis \(axis) is out of range for rank \(rank)")
    }
    return index
  }

  /// Returns the sorted, distinct non-negative forms of `axes`; `nil` stands for all axes.
  package func normalized(axes: [Int]?) throws(Violation) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    var result: [Int] = []
    for axis in axes {
      let index = try normalized(axis: axis)
      if result.contains(index) { throw Violation("axis \(axis) is named twice") }
      result.append(index)
    }
    return result.sorted()
  }

  /// Returns the shape that `self` and `other` broadcast to, by NumPy's rule.
  package func broadcast(with other: Shape) throws(Violation) -> Shape {
    if self == other { return self }
    let count = Swift.max(rank, other.rank)
    var result = [Int](repeating: 1, count: count)
    for index in 1...Swift.max(count, 1) where count > 0 {
      let a = index <= rank ? dims[rank - index] : 1
      let b = index <= other.rank ? other.dims[other.rank - index] : 1
      if a == b || b == 1 {
        result[count - index] = a
      } else if a == 1 {
        result[count - index] = b
      } else {
        throw Violation("shapes do not broadcast: \(self) and \(other) differ at axis \(-index)")
      }
    }
    return Shape(result)
  }
}
