import ApusCore

/// A way to make one tensor of several.
///
/// ```swift
/// let y = Merging.sum([a, b])
/// let z = Merging.concatenation(axis: -1)([a, b])
/// ```
/// Nothing is broadcast: shapes must be equal, but along the axis of a concatenation.
public struct Merging: Sendable, Hashable, CustomStringConvertible {
  private enum Rule: Hashable, Sendable {
    case sum, mean, product, maximum
    case concatenation(Int)
  }
  private let rule: Rule

  /// Element by element, added.
  public static let sum = Merging(rule: .sum)
  /// Element by element, added and divided by their number.
  public static let mean = Merging(rule: .mean)
  /// Element by element, multiplied.
  public static let product = Merging(rule: .product)
  /// Element by element, the largest.
  public static let maximum = Merging(rule: .maximum)
  /// One after the other along an axis; channels by default, where they are last.
  public static func concatenation(axis: Int = -1) -> Merging {
    Merging(rule: .concatenation(axis))
  }

  /// Merges tensors of one dtype, at least one.
  public func callAsFunction(
    _ parts: [Tensor], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if let failed = parts.first(where: { $0.error != nil }) { return failed }
    do throws(Violation) { try check(parts) } catch {
      return Tensor(
        error: TensorError(
          operation: description, reason: error.reason,
          operands: parts.enumerated().map { .init(name: "part \($0)", type: $1.type) },
          layerPath: LayerScope.current?.path, site: CallSite(file: file, line: line)))
    }
    if parts.count == 1 { return parts[0] }
    let rest = parts.dropFirst()
    switch rule {
    case .sum: return rest.reduce(parts[0]) { $0 + $1 }
    case .mean: return rest.reduce(parts[0]) { $0 + $1 } / Double(parts.count)
    case .product: return rest.reduce(parts[0]) { $0 * $1 }
    case .maximum:
      return rest.reduce(parts[0]) { ApusCore.maximum($0, $1, file: file, line: line) }
    case .concatenation(let axis):
      let place = axis < 0 ? axis + parts[0].rank : axis
      return concatenated(parts, axis: place, file: file, line: line)
    }
  }

  private func check(_ parts: [Tensor]) throws(Violation) {
    guard let first = parts.first else { throw Violation("there is nothing to merge") }
    var free: Int?
    if case .concatenation(let axis) = rule { free = try first.shape.normalized(axis: axis) }
    if case .mean = rule {
      try require(first.dtype.isFloating, "needs a floating dtype, not \(first.dtype)")
    }
    for part in parts.dropFirst() {
      try require(
        part.dtype == first.dtype, "dtypes differ: \(first.dtype) and \(part.dtype)")
      let isFit =
        part.rank == first.rank
        && (0..<first.rank).allSatisfy { $0 == free || part.shape[$0] == first.shape[$0] }
      try require(isFit, "shapes differ: \(first.shape) and \(part.shape)")
    }
  }

  public var description: String {
    switch rule {
    case .sum: "sum"
    case .mean: "mean"
    case .product: "product"
    case .maximum: "maximum"
    case .concatenation: "concatenation"
    }
  }
}
