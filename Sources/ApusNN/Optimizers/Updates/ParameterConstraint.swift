import ApusCore

/// What parameters are brought back to after every update.
///
/// Norms are Euclidean, of each unit's weights: over all axes but `axis`, which is 0 for dense layers
/// and convolutions, 1 for transposed convolutions. A vector counts as one unit.
public struct ParameterConstraint: Sendable, Hashable {
  enum Rule: Sendable, Hashable {
    case maximumNorm(Double, axis: Int)
    case unitNorm(axis: Int)
    case nonNegative
    case range(lower: Double, upper: Double)
  }

  let rule: Rule
  let pattern: PathPattern

  /// Shrinks weights of a norm above `limit` to that norm.
  ///
  /// - Source: Srebro and Shraibman 2005; Srivastava et al. 2014, section 5.1.
  public static func maximumNorm(
    _ limit: Double, of pattern: PathPattern = .all, axis: Int = 0
  ) -> ParameterConstraint {
    ParameterConstraint(rule: .maximumNorm(limit, axis: axis), pattern: pattern)
  }

  /// Scales weights to norm 1; zeros stay zeros.
  public static func unitNorm(
    of pattern: PathPattern = .all, axis: Int = 0
  ) -> ParameterConstraint {
    ParameterConstraint(rule: .unitNorm(axis: axis), pattern: pattern)
  }

  /// Sets negative elements to zero.
  public static func nonNegative(_ pattern: PathPattern = .all) -> ParameterConstraint {
    ParameterConstraint(rule: .nonNegative, pattern: pattern)
  }

  /// Limits elements to a range, as the critic of a Wasserstein GAN (Arjovsky et al. 2017).
  public static func elements(
    in range: ClosedRange<Double>, of pattern: PathPattern = .all
  ) -> ParameterConstraint {
    ParameterConstraint(
      rule: .range(lower: range.lowerBound, upper: range.upperBound), pattern: pattern)
  }

  /// Whether a parameter is constrained.
  public func covers(_ path: String) -> Bool { pattern.matches(path) }

  /// Returns a parameter as the constraint allows it; a failed tensor when its settings do not fit.
  public func callAsFunction(_ p: Tensor) -> Tensor {
    if p.error != nil { return p }
    do throws(TensorError) {
      try check()
      return try constrained(p)
    } catch { return Tensor(error: error) }
  }

  private func constrained(_ p: Tensor) throws(TensorError) -> Tensor {
    guard p.dtype.isFloating else {
      throw mistake("needs a floating dtype, not \(p.dtype)")
    }
    switch rule {
    case .nonNegative: return p.clamped(to: 0...Double.infinity)
    case .range(let lower, let upper): return p.clamped(to: lower...upper)
    case .maximumNorm(let limit, let axis):
      let norm = try norm(of: p, axis)
      return p * (limit / maximum(norm, Tensor(limit, like: norm))).orZero
    case .unitNorm(let axis):
      let norm = try norm(of: p, axis)
      return p / norm.where(norm .> 0, else: Tensor(1, like: norm))
    }
  }

  private func norm(of p: Tensor, _ axis: Int) throws(TensorError) -> Tensor {
    if p.rank <= 1 { return p.square().sum().sqrt() }
    guard axis < p.rank else { throw mistake("axis \(axis) is not one of \(p.type)") }
    let others = (0..<p.rank).filter { $0 != axis }
    return p.square().sum(axes: others, keepingAxes: true).sqrt()
  }

  func check() throws(TensorError) {
    switch rule {
    case .nonNegative: return
    case .range(let lower, let upper):
      if lower.isNaN || upper.isNaN { throw mistake("the range \(lower)...\(upper) holds NaN") }
    case .maximumNorm(let limit, let axis):
      guard limit >= 0, limit.isFinite else {
        throw mistake("the norm \(limit) is not a finite number from 0")
      }
      if axis < 0 { throw mistake("axis \(axis) is negative") }
    case .unitNorm(let axis): if axis < 0 { throw mistake("axis \(axis) is negative") }
    }
  }

  private func mistake(_ reason: String) -> TensorError {
    TensorError(operation: "ParameterConstraint", reason: "\(reason), for \"\(pattern)\"")
  }
}

extension Tensor {
  /// Zero in place of NaN: the quotient 0/0 of a limit of zero.
  fileprivate var orZero: Tensor { Tensor(0, like: self).where(isNaN(), else: self) }
}
