import ApusCore

/// A term of the loss that grows with the weights.
///
///     l1·Σ|w| + l2·Σw²
/// Unlike ``WeightDecay``, it is part of the loss that is reported, and of its gradient before
/// clipping.
/// - Source: Tikhonov 1943 and Hoerl and Kennard 1970 (ridge), Tibshirani 1996 (lasso), Zou and
///   Hastie 2005 (elastic net).
public struct WeightPenalty: Sendable, Hashable {
  public var l1: Double
  public var l2: Double
  public let pattern: PathPattern

  /// Creates a penalty; by default on everything that is called `weight`.
  public init(l1: Double = 0, l2: Double = 0, on pattern: PathPattern = "**.weight") {
    self.l1 = l1
    self.l2 = l2
    self.pattern = pattern
  }

  /// `rate·Σ|w|`.
  public static func lasso(_ rate: Double, on pattern: PathPattern = "**.weight") -> WeightPenalty {
    WeightPenalty(l1: rate, on: pattern)
  }

  /// `rate·Σw²`.
  public static func ridge(_ rate: Double, on pattern: PathPattern = "**.weight") -> WeightPenalty {
    WeightPenalty(l2: rate, on: pattern)
  }

  /// Returns the penalty on a tensor: a scalar, in `f32` for 16-bit weights.
  public func callAsFunction(_ weight: Tensor) -> Tensor {
    if weight.error != nil { return weight }
    do throws(TensorError) { try check() } catch { return Tensor(error: error) }
    guard weight.dtype.isFloating else {
      return Tensor(
        error: TensorError(
          operation: "WeightPenalty", reason: "needs a floating dtype, not \(weight.dtype)"))
    }
    let w = weight.converted(to: weight.dtype == .float64 ? .float64 : .float32)
    var terms: [Tensor] = []
    if l1 != 0 { terms.append(l1 * w.abs().sum()) }
    if l2 != 0 { terms.append(l2 * w.square().sum()) }
    return terms.dropFirst().reduce(terms.first ?? Tensor(0, dtype: w.dtype)) { $0 + $1 }
  }

  func check() throws(TensorError) {
    for (name, rate) in [("l1", l1), ("l2", l2)] {
      guard rate >= 0, rate.isFinite else {
        throw TensorError(
          operation: "WeightPenalty", reason: "\(name) \(rate) is not a finite number from 0")
      }
    }
  }
}

extension Module {
  /// Returns the sum of penalties on the parameters, a scalar; `nil` when none is penalized.
  ///
  /// For hand-written loops: `Loss.crossEntropy(model(x), y) + penalty`.
  public func penalty(_ penalties: [WeightPenalty]) -> Tensor? {
    if penalties.isEmpty { return nil }
    return penalties.sum(over: parameters.map { ($0.path, $0.parameter.value) })
  }
}

extension [WeightPenalty] {
  /// The sum of penalties on named weights, a scalar; `nil` when none is penalized.
  package func sum(over weights: [(path: String, value: Tensor)]) -> Tensor? {
    var sum: Tensor?
    for (path, value) in weights {
      for penalty in self where penalty.pattern.matches(path) {
        let term = penalty(value)
        sum = sum.map { $0 + term.converted(to: $0.dtype) } ?? term
      }
    }
    return sum
  }
}
