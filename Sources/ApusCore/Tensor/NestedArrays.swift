/// Scalars, arrays of scalars, arrays of arrays of scalars, and so on: what tensors of any rank are
/// made from and read as.
public protocol NestedScalars {
  associatedtype Scalar: TensorScalar
  /// How many arrays lie around a scalar.
  static var rank: Int { get }
  /// The extents that all parts have in common, or why there are none.
  func commonShape() throws(Violation) -> [Int]
  /// Adds the scalars in row-major order.
  func appendScalars(to scalars: inout [Scalar])
  /// Puts scalars in row-major order into arrays of these extents.
  static func nested(_ scalars: ArraySlice<Scalar>, _ dims: ArraySlice<Int>) -> Self
}

extension NestedScalars where Self: TensorScalar {
  public static var rank: Int { 0 }
  public func commonShape() -> [Int] { [] }
  public func appendScalars(to scalars: inout [Self]) { scalars.append(self) }
  public static func nested(_ scalars: ArraySlice<Self>, _ dims: ArraySlice<Int>) -> Self {
    scalars.first ?? Self(lossy: 0.0)
  }
}

extension Float: NestedScalars {}
extension Double: NestedScalars {}
extension Float16: NestedScalars {}
extension BFloat16: NestedScalars {}
extension Int: NestedScalars {}
extension Int64: NestedScalars {}
extension Int32: NestedScalars {}
extension UInt8: NestedScalars {}
extension Bool: NestedScalars {}

extension Array: NestedScalars where Element: NestedScalars {
  public static var rank: Int { Element.rank + 1 }

  public func commonShape() throws(Violation) -> [Int] {
    guard let first else { return Swift.Array(repeating: 0, count: Self.rank) }
    let shape = try first.commonShape()
    for (index, part) in enumerated().dropFirst() {
      let other = try part.commonShape()
      try require(
        other == shape,
        "parts differ in shape: part 0 is \(Shape(shape)), part \(index) is \(Shape(other))")
    }
    return [count] + shape
  }

  public func appendScalars(to scalars: inout [Element.Scalar]) {
    for part in self { part.appendScalars(to: &scalars) }
  }

  public static func nested(
    _ scalars: ArraySlice<Element.Scalar>, _ dims: ArraySlice<Int>
  ) -> [Element] {
    guard let extent = dims.first, extent > 0 else { return [] }
    let size = scalars.count / extent
    return (0..<extent).map { index in
      let start = scalars.startIndex + index * size
      return Element.nested(scalars[start..<(start + size)], dims.dropFirst())
    }
  }
}

extension Tensor {
  /// Creates a tensor of any rank from arrays of arrays.
  ///
  /// ```swift
  /// let x = Tensor(nested: [[1, 2, 3], [4, 5, 6]] as [[Float]])   // f32[2, 3]
  /// ```
  /// Arrays of different lengths side by side give a failed tensor.
  public init<Nested: NestedScalars>(
    nested values: Nested, dtype: DType? = nil, file: String = #fileID, line: Int = #line
  ) {
    do throws(Violation) {
      let shape = Shape(try values.commonShape())
      var scalars: [Nested.Scalar] = []
      scalars.reserveCapacity(shape.count)
      values.appendScalars(to: &scalars)
      self.init(scalars, shape: shape, dtype: dtype, file: file, line: line)
    } catch {
      self.init(
        error: refusal(of: "Tensor", [], error, at: CallSite(file: file, line: line)))
    }
  }

  /// Evaluates the tensor if necessary and returns its elements as arrays of arrays.
  ///
  /// ```swift
  /// let rows = try x.nested(as: [[Float]].self)
  /// ```
  /// - Throws: An error when the tensor has another rank than the arrays.
  public func nested<Nested: NestedScalars>(
    as type: Nested.Type, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Nested {
    if let error { throw error }
    guard rank == Nested.rank else {
      let reason = "\(Nested.self) has rank \(Nested.rank), the tensor has \(rank)"
      throw refusal(
        of: "nested", [self], Violation(reason), names: ["x"],
        at: CallSite(file: file, line: line))
    }
    return Nested.nested(try scalars(as: Nested.Scalar.self)[...], shape.dims[...])
  }
}
