import ApusCore

/// A pull of parameters towards zero that is part of the update, not of the loss.
public struct WeightDecay: Sendable, Hashable, CustomStringConvertible {
  /// How decay of rate λ acts, for the learning rate η.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `g ← g + λ·p`, the gradient of `λ/2·p²`.
    case l2
    /// `g ← g + λ·sign(p)`, the gradient of `λ·|p|`.
    case l1
    /// `p ← p − η·λ·p`, past moments and rates per element.
    ///
    /// - Source: Loshchilov and Hutter 2019.
    case decoupled
  }

  public var rate: Double
  public var kind: Kind

  public init(_ rate: Double, _ kind: Kind = .l2) {
    self.rate = rate
    self.kind = kind
  }

  /// No decay.
  public static let zero = WeightDecay(0)
  public static func l2(_ rate: Double) -> WeightDecay { WeightDecay(rate, .l2) }
  public static func l1(_ rate: Double) -> WeightDecay { WeightDecay(rate, .l1) }
  public static func decoupled(_ rate: Double) -> WeightDecay { WeightDecay(rate, .decoupled) }

  public var description: String { rate == 0 ? "none" : "\(kind)(\(rate))" }

  /// Returns the parameter and the gradient with decay applied.
  func applied(
    to parameter: Tensor, _ gradient: Tensor, rate learningRate: Tensor
  ) -> (parameter: Tensor, gradient: Tensor) {
    if rate == 0 { return (parameter, gradient) }
    switch kind {
    case .l2: return (parameter, gradient + rate * parameter)
    case .l1: return (parameter, gradient + rate * parameter.sign())
    case .decoupled: return (parameter * (1 - rate * learningRate), gradient)
    }
  }
}
