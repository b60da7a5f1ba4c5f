import ApusCore

/// Lowers the learning rate when a value has stopped getting better.
///
/// Its settings and its memory; ``ReduceLearningRateOnPlateau`` in `ApusTraining` is the callback.
///
/// ```swift
/// var plateau = try Plateau(patience: 3)
/// rate = plateau.rate(after: validationLoss, from: rate)
/// ```
/// - Source: PyTorch's `ReduceLROnPlateau`.
public struct Plateau: Sendable, Hashable {
  /// What counts as better than the best value so far.
  public enum Threshold: Sendable, Hashable {
    /// By a share of the best value.
    case relative(Double)
    /// By an amount.
    case absolute(Double)

    var amount: Double {
      switch self {
      case .relative(let amount), .absolute(let amount): amount
      }
    }
  }

  /// Whether larger values are better.
  public let isRising: Bool
  public let factor: Double
  public let patience: Int
  public let threshold: Threshold
  public let cooldown: Int
  public let minimumRate: Double
  /// Changes of the rate up to this are not made.
  public let smallestChange: Double

  /// The best value so far.
  public package(set) var best: Double?
  /// How many values in a row were not better.
  public package(set) var waited = 0
  /// For how many more values nothing is counted.
  public package(set) var cooling = 0

  /// Creates a plateau that has seen no values.
  ///
  /// - Parameters:
  ///   - isRising: Whether larger values are better.
  ///   - factor: What the rate is multiplied by, below 1.
  ///   - patience: How many values in a row may be no better.
  ///   - cooldown: For how many values after a change nothing is counted.
  /// - Throws: A setting that makes no sense.
  public init(
    isRising: Bool = false, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimumRate: Double = 0,
    smallestChange: Double = 1e-8
  ) throws(TensorError) {
    func refuse(_ reason: String) -> TensorError {
      TensorError(operation: "Plateau", reason: reason)
    }
    guard factor >= 0, factor < 1 else {
      throw refuse("factor \(factor) is not a number from 0 and below 1")
    }
    guard patience >= 0, cooldown >= 0 else {
      throw refuse("patience \(patience) and cooldown \(cooldown) are not numbers from 0")
    }
    for (name, value) in [
      ("threshold", threshold.amount), ("minimumRate", minimumRate),
      ("smallestChange", smallestChange),
    ] where !(value >= 0 && value.isFinite) {
      throw refuse("\(name) \(value) is not a finite number from 0")
    }
    self.isRising = isRising
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimumRate = minimumRate
    self.smallestChange = smallestChange
  }

  /// Notes a value and returns the learning rate to go on with.
  public mutating func rate(after value: Double, from rate: Double) -> Double {
    if isBetter(value) {
      best = value
      waited = 0
    } else {
      waited += 1
    }
    if cooling > 0 {
      cooling -= 1
      waited = 0
    }
    guard waited > patience else { return rate }
    cooling = cooldown
    waited = 0
    let lower = max(rate * factor, minimumRate)
    return rate - lower > smallestChange ? lower : rate
  }

  private func isBetter(_ value: Double) -> Bool {
    guard let best else { return isRising ? value > -.infinity : value < .infinity }
    switch threshold {
    case .relative(let share):
      return isRising ? value > best * (1 + share) : value < best * (1 - share)
    case .absolute(let amount):
      return isRising ? value > best + amount : value < best - amount
    }
  }
}
