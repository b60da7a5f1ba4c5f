import ApusCore
import Foundation

/// A running average of the weights, often better than the weights of the last step.
///
///     a ← a + c·(p − a)       // after every update; c = 1 the first time
/// Buffers, such as the statistics of batch norm, are not averaged.
public struct WeightAverage: Sendable, Hashable {
  /// How the first averages of an exponential one come out.
  public enum Start: String, Sendable, Hashable, CaseIterable {
    /// From the first weights, `c = 1 − decay` afterwards.
    case first
    /// `c = 1 − min(decay, (1 + n) / (10 + n))` after n updates: quickly at first.
    case warmUp
    /// `c = (1 − decay) / (1 − decayⁿ)`: as an average from zero, corrected as Adam's moments are.
    case corrected
  }

  enum Rule: Sendable, Hashable {
    case exponential(decay: Double, Start)
    case equal
  }

  let rule: Rule
  /// The update, counted from 1, whose weights are the first to be averaged.
  public let first: Int
  /// How many updates lie between two that are averaged.
  public let every: Int
  /// Whether validation within a training run uses the averages.
  public var isValidated: Bool

  /// The exponential moving average: `a ← decay·a + (1 − decay)·p`.
  ///
  /// - Source: Polyak and Juditsky 1992; as PyTorch's `get_ema_multi_avg_fn`.
  public static func exponential(
    decay: Double = 0.999, start: Start = .first, from first: Int = 1, every: Int = 1,
    isValidated: Bool = false
  ) -> WeightAverage {
    WeightAverage(
      rule: .exponential(decay: decay, start), first: first, every: every,
      isValidated: isValidated)
  }

  /// The mean of the weights after every `every` updates: stochastic weight averaging.
  ///
  /// - Source: Izmailov et al. 2018, algorithm 1.
  public static func equal(
    from first: Int = 1, every: Int = 1, isValidated: Bool = false
  ) -> WeightAverage {
    WeightAverage(rule: .equal, first: first, every: every, isValidated: isValidated)
  }

  /// The share c of the new weights in the average after the given update, counted from 1.
  public func share(after update: Int) -> Double {
    let (past, overflow) = update.subtractingReportingOverflow(first)
    let gap = max(every, 1)
    guard !overflow, past > 0 else { return 1 }
    guard past % gap == 0 else { return 0 }
    let n = Double(past / gap)
    switch rule {
    case .equal: return 1 / (n + 1)
    case .exponential(let decay, .first): return 1 - decay
    case .exponential(let decay, .warmUp): return 1 - min(decay, (1 + n) / (10 + n))
    case .exponential(let decay, .corrected):
      return (1 - decay) / (1 - Foundation.pow(decay, n + 1))
    }
  }

  func check() throws(TensorError) {
    if case .exponential(let decay, _) = rule, !(decay >= 0 && decay < 1) {
      throw TensorError(
        operation: "WeightAverage", reason: "decay \(decay) is not a number from 0 and below 1")
    }
    guard first >= 1, every >= 1 else {
      throw TensorError(
        operation: "WeightAverage",
        reason: "from \(first) every \(every) are not numbers of updates from 1")
    }
  }
}
