import ApusCore

/// Wants an anchor nearer to a positive than to a negative example, by a margin.
///
///     max(0, d(anchor, positive) - d(anchor, negative) + margin),  d(a, b) = ‖a - b + ε‖ₚ
///
/// - Shape: `anchor[N…, D], positive[N…, D], negative[N…, D] →` scalar; terms `[N…]`.
/// - Source: Schroff et al. 2015 (squared distances there); Balntas et al. 2016 (`swapsAnchor`);
///   PyTorch's `TripletMarginLoss`.
public struct TripletMarginLoss: Sendable, Hashable {
  public var margin: Double
  /// The order `p` of the norm, positive.
  public var order: Double
  /// Whether the negative's distance is the smaller of those to anchor and positive.
  public var swapsAnchor: Bool
  /// The small number `ε` added to differences, which keeps gradients of equal vectors finite.
  public var epsilon: Double
  public var reduction: Reduction

  public init(
    margin: Double = 1, order: Double = 2, swapsAnchor: Bool = false, epsilon: Double = 1e-6,
    reduction: Reduction = .mean
  ) {
    self.margin = margin
    self.order = order
    self.swapsAnchor = swapsAnchor
    self.epsilon = epsilon
    self.reduction = reduction
  }

  /// Returns the loss of a batch.
  public func callAsFunction(
    anchor: Tensor, positive: Tensor, negative: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let operands = [("anchor", anchor), ("positive", positive), ("negative", negative)]
    return lossValue("TripletMarginLoss", operands, file, line) { () throws(Violation) in
      try requireSame(anchor, "anchor", positive, "positive")
      try requireSame(anchor, "anchor", negative, "negative")
      try require(anchor.rank > 0, "vectors need a last axis, they are scalars")
      try requirePositive("margin", margin)
      try requirePositive("order", order)
      try requireNotNegative("epsilon", epsilon)
      func distance(_ a: Tensor, _ b: Tensor) -> Tensor {
        (a - b + epsilon).norm(order, axes: [-1])
      }
      let near = distance(anchor, positive)
      var far = distance(anchor, negative)
      if swapsAnchor { far = minimum(far, distance(positive, negative)) }
      return try LossTerms((near - far + margin).relu()).reduced(reduction, weights: nil)
    }
  }
}
