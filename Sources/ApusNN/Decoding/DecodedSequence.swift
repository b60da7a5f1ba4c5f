import Foundation

/// A sequence that decoding produced.
public struct DecodedSequence: Sendable, Hashable {
  /// The tokens after the prompt, the end token included.
  public let tokens: [Int]
  /// The sum of the logarithms of the tokens' probabilities, after filters; never above 0.
  public let logProbability: Double
  /// What beam search ranks by: ``logProbability`` over the length penalty. Otherwise the same as it.
  public let score: Double
  /// Whether an end token closed it, rather than the limit of new tokens.
  public let isFinished: Bool

  public init(tokens: [Int], logProbability: Double, score: Double, isFinished: Bool) {
    self.tokens = tokens
    self.logProbability = logProbability
    self.score = score
    self.isFinished = isFinished
  }
}

/// What beam search divides the logarithm of a sequence's probability by, so that long sequences are
/// not at a disadvantage.
public enum LengthPenalty: Sendable, Hashable {
  /// 1: plain probability.
  case none
  /// `((5 + length) / 6)^alpha`.
  ///
  /// - Source: Wu et al. 2016, "Google's neural machine translation system", eq. 14.
  case wu(alpha: Double)
  /// `length^exponent`; 1 ranks by the mean over tokens.
  case power(Double)

  /// The divisor for a number of generated tokens, the end token included.
  public func divisor(_ length: Int) -> Double {
    let length = Double(max(length, 1))
    switch self {
    case .none: return 1
    case .wu(let alpha): return Foundation.pow((5 + length) / 6, alpha)
    case .power(let exponent): return Foundation.pow(length, exponent)
    }
  }
}
