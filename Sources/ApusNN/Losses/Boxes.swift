import ApusCore

/// How four numbers of the last axis tell a box.
public enum BoxFormat: String, Sendable, Hashable, CaseIterable {
  /// Left, top, right, bottom.
  case corners
  /// Centre x, centre y, width, height.
  case centers
}

/// Returns the area that two boxes share over the area they cover together, pair by pair.
///
///     IoU = |A ∩ B| / |A ∪ B|,  0 where both are empty
///
/// A box of negative width or height is empty.
/// - Shape: `a[…, 4], b[…, 4] → y[…]`; floating dtypes.
public func intersectionOverUnion(
  _ a: Tensor, _ b: Tensor, format: BoxFormat = .corners, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue("intersectionOverUnion", [("a", a), ("b", b)], file, line) { () throws(Violation) in
    try requireSame(a, "a", b, "b")
    return overlap(try Boxes(a, format), try Boxes(b, format)).ratio
  }
}

/// Returns the intersection over union of every box of one list with every box of another.
///
/// - Shape: `a[N…, A, 4], b[N…, B, 4] → y[N…, A, B]`; floating dtypes.
public func pairwiseIntersectionOverUnion(
  _ a: Tensor, _ b: Tensor, format: BoxFormat = .corners, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue(
    "pairwiseIntersectionOverUnion", [("a", a), ("b", b)], file, line
  ) { () throws(Violation) in
    try require(a.dtype.isFloating, "a must be floating, not \(a.dtype)")
    try require(a.dtype == b.dtype, "dtypes differ: a is \(a.dtype), b is \(b.dtype)")
    try require(
      a.rank >= 2 && a.shape.dims.dropLast(2) == b.shape.dims.dropLast(2) && b.rank == a.rank,
      "lists of boxes are [N…, A, 4] and [N…, B, 4], not \(a.shape) and \(b.shape)")
    return overlap(
      try Boxes(a.expanded(at: -2), format), try Boxes(b.expanded(at: -3), format)
    ).ratio
  }
}

/// Returns the intersection over union less the empty share of the smallest box around both: it
/// tells how far apart boxes are that do not touch.
///
///     GIoU = IoU - |C \ (A ∪ B)| / |C|,  -1…1
///
/// - Shape: `a[…, 4], b[…, 4] → y[…]`; floating dtypes.
/// - Source: Rezatofighi et al. 2019.
public func generalizedIntersectionOverUnion(
  _ a: Tensor, _ b: Tensor, format: BoxFormat = .corners, file: String = #fileID, line: Int = #line
) -> Tensor {
  lossValue(
    "generalizedIntersectionOverUnion", [("a", a), ("b", b)], file, line
  ) { () throws(Violation) in
    try requireSame(a, "a", b, "b")
    return generalizedOverlap(try Boxes(a, format), try Boxes(b, format))
  }
}

extension Loss {
  /// `mean(1 - GIoU)` of predicted and true boxes.
  ///
  /// - Shape: `prediction[…, 4], target[…, 4] →` scalar; terms `[…]`.
  /// - Source: Rezatofighi et al. 2019.
  public static func generalizedIntersectionOverUnion(format: BoxFormat = .corners) -> Loss {
    Loss("generalizedIntersectionOverUnion") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      return 1 - generalizedOverlap(try Boxes(prediction, format), try Boxes(target, format))
    }
  }
}

/// Boxes by their sides.
struct Boxes {
  let left: Tensor
  let top: Tensor
  let right: Tensor
  let bottom: Tensor

  init(_ boxes: Tensor, _ format: BoxFormat) throws(Violation) {
    try require(
      boxes.rank > 0 && boxes.shape[-1] == 4,
      "boxes are four numbers in the last axis, not "
        + "\(boxes.shape)")
    let parts = (0..<4).map { boxes.sliced(axis: -1, $0..<($0 + 1)).squeezed(axes: [-1]) }
    switch format {
    case .corners:
      self.init(left: parts[0], top: parts[1], right: parts[2], bottom: parts[3])
    case .centers:
      self.init(x: parts[0], y: parts[1], width: parts[2], height: parts[3])
    }
  }

  private init(left: Tensor, top: Tensor, right: Tensor, bottom: Tensor) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  init(x: Tensor, y: Tensor, width: Tensor, height: Tensor) {
    left = x - width * 0.5
    right = x + width * 0.5
    top = y - height * 0.5
    bottom = y + height * 0.5
  }

  var area: Tensor { (right - left).relu() * (bottom - top).relu() }
}

/// Intersection over union, and the union.
func overlap(_ a: Boxes, _ b: Boxes) -> (ratio: Tensor, union: Tensor) {
  let width = minimum(a.right, b.right) - maximum(a.left, b.left)
  let height = minimum(a.bottom, b.bottom) - maximum(a.top, b.top)
  let common = width.relu() * height.relu()
  let union = a.area + b.area - common
  return (common.divided(by: union), union)
}

private func generalizedOverlap(_ a: Boxes, _ b: Boxes) -> Tensor {
  let (ratio, union) = overlap(a, b)
  let width = maximum(a.right, b.right) - minimum(a.left, b.left)
  let height = maximum(a.bottom, b.bottom) - minimum(a.top, b.top)
  let around = width.relu() * height.relu()
  return ratio - (around - union).divided(by: around)
}

extension Tensor {
  /// The quotient, 0 without a gradient where the divisor is 0.
  fileprivate func divided(by divisor: Tensor) -> Tensor {
    let isZero = divisor .== 0
    let quotient = self / Tensor(1, like: divisor).where(isZero, else: divisor)
    return Tensor(0, like: quotient).where(isZero, else: quotient)
  }
}
