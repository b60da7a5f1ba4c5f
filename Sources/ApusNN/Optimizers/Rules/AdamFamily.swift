import ApusCore
import Foundation

/// The settings that Adam and its variants have in common.
public struct AdamSettings: Sendable, Hashable {
  public var learningRate: Double
  /// What is kept of the first moment in a step, below 1.
  public var beta1: Double
  /// What is kept of the second moment in a step, below 1.
  public var beta2: Double
  /// Added to what the step is divided by.
  public var epsilon: Double
  public var weightDecay: Double
  public var decay: WeightDecay.Kind

  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, decay: WeightDecay.Kind = .l2
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decay = decay
  }
}

/// A rule made of running means of the gradient, with Adam's settings.
public protocol AdamFamily: Optimizer {
  /// The settings that apply unless others are given.
  static var defaults: AdamSettings { get }

  var common: AdamSettings { get set }

  init(_ common: AdamSettings)
}

extension AdamFamily {
  public static var defaults: AdamSettings { AdamSettings() }

  /// Creates the rule; what is not given is as in ``defaults``.
  public init(
    learningRate: Double = Self.defaults.learningRate, beta1: Double = Self.defaults.beta1,
    beta2: Double = Self.defaults.beta2, epsilon: Double = Self.defaults.epsilon,
    weightDecay: Double = Self.defaults.weightDecay,
    decay: WeightDecay.Kind = Self.defaults.decay
  ) {
    self.init(
      AdamSettings(
        learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay, decay: decay))
  }

  public var name: String { "\(Self.self)" }
  public var slots: [String] { ["m", "v"] }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon]
  }

  public var learningRate: Double {
    get { common.learningRate }
    set { common.learningRate = newValue }
  }
  public var beta1: Double {
    get { common.beta1 }
    set { common.beta1 = newValue }
  }
  public var beta2: Double {
    get { common.beta2 }
    set { common.beta2 = newValue }
  }
  public var epsilon: Double {
    get { common.epsilon }
    set { common.epsilon = newValue }
  }
  public var weightDecay: Double {
    get { common.weightDecay }
    set { common.weightDecay = newValue }
  }
  public var decay: WeightDecay.Kind {
    get { common.decay }
    set { common.decay = newValue }
  }

  public func checkSettings() throws(TensorError) {
    try checkNumbers(belowOne: ["beta1", "beta2"])
  }

  /// `[rate, 1 − β₁ᵗ, 1 − β₂ᵗ, 1]` for the step after `step` updates.
  public func scalars(rate: Double, step: Int) -> [Double] {
    let t = Double(step) + 1
    return [rate, Self.oneLessPower(beta1, t), Self.oneLessPower(beta2, t), 1]
  }

  /// `1 − βᵗ`, without the slow power of numbers that no longer count.
  private static func oneLessPower(_ beta: Double, _ t: Double) -> Double {
    // βᵗ ≤ exp(−t·(1 − β)): from 38 on it is below 2⁻⁵⁴, and 1 less it is 1.
    t * (1 - beta) > 38 ? 1 : 1 - Foundation.pow(beta, t)
  }

  /// The running means of the gradient and of its square, from the first two slots.
  func moments(_ gradient: Tensor, _ state: [Tensor]) -> (first: Tensor, second: Tensor) {
    let first = beta1 * state.slot(0) + (1 - beta1) * gradient
    let second = beta2 * state.slot(1) + (1 - beta2) * gradient.square()
    return (first, second)
  }
}
