import ApusCore

/// How the terms of a loss become one number.
public enum Reduction: String, Sendable, Hashable, CaseIterable {
  /// Not at all: the terms stay, one per element or per sample.
  case none
  /// `Σ terms`.
  case sum
  /// `Σ terms / count`; where class weights or ignored labels make some terms count more than
  /// others, what they count for takes the place of the number. NaN for a batch of nothing.
  case mean
  /// `Σ terms / N`: the mean over samples, the first axis, of the sums over the others.
  case batchMean
  /// `Σ weights·terms / Σ weights`: the mean over what a mask or the weights of samples leave.
  case weightedMean
}

/// What a loss measures, before it is reduced.
struct LossTerms {
  /// One number per element, or per sample.
  let values: Tensor
  /// How much each value counts in the mean, which ``values`` hold already as a factor.
  let shares: Tensor?

  init(_ values: Tensor, shares: Tensor? = nil) {
    self.values = values
    self.shares = shares
  }

  /// The values times weights of samples or elements.
  func weighted(by weights: Tensor?) throws(Violation) -> Tensor {
    guard let weights else { return values }
    return values * (try aligned(weights))
  }

  func reduced(_ reduction: Reduction, weights: Tensor?) throws(Violation) -> Tensor {
    if reduction == .none { return try weighted(by: weights) }
    // A sum of many 16-bit numbers, and their count, need more bits than each of them.
    let sum = try total(
      reduction, weights.map { weights throws(Violation) in try aligned(weights) })
    return sum.converted(to: values.dtype)
  }

  private func total(_ reduction: Reduction, _ factors: Tensor?) throws(Violation) -> Tensor {
    let values = values.widened
    let weighted = factors.map { values * $0.widened } ?? values
    let sum = weighted.sum()
    switch reduction {
    case .batchMean:
      let samples = values.rank > 0 ? values.shape[0] : 1
      return sum / Double(samples)
    case .weightedMean:
      let counts = [shares, factors].compactMap { $0?.widened }
      guard let first = counts.first else { return sum / Double(values.count) }
      return sum / counts.dropFirst().reduce(first) { $0 * $1 }.sum()
    case .mean:
      return shares.map { sum / $0.widened.sum() } ?? sum / Double(values.count)
    case .none, .sum: return sum
    }
  }

  /// Weights of leading axes spread over the others, in the dtype of the values.
  private func aligned(_ weights: Tensor) throws(Violation) -> Tensor {
    try require(
      weights.dtype == values.dtype || weights.dtype == .bool,
      "weights must be \(values.dtype) or bool, not \(weights.dtype)")
    try require(
      weights.rank <= values.rank
        && weights.shape.dims == Array(values.shape.dims.prefix(weights.rank)),
      "weights \(weights.shape) do not match the leading axes of the terms \(values.shape)")
    let trailing = Array(repeating: 1, count: values.rank - weights.rank)
    return weights.converted(to: values.dtype)
      .reshaped(to: Shape(weights.shape.dims + trailing)).broadcast(to: values.shape)
  }
}

extension Tensor {
  /// The same numbers in a dtype that sums are kept in.
  var widened: Tensor {
    dtype == .float16 || dtype == .bfloat16 ? converted(to: .float32) : self
  }
}
