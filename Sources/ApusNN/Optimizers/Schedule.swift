import Foundation

/// The learning rate over the course of training, as a factor of the optimizer's.
///
/// A schedule is a value: the rate is an input of the training step, so it costs no recompilation.
public struct Schedule: Sendable, CustomStringConvertible {
  public let description: String
  /// Whether the factor is always 1.
  package let isConstant: Bool
  private let factor: @Sendable (Int) -> Double

  /// Creates a schedule from the number of finished updates.
  public init(_ description: String, _ factor: @escaping @Sendable (_ step: Int) -> Double) {
    self.init(description, isConstant: false, factor)
  }

  private init(
    _ description: String, isConstant: Bool, _ factor: @escaping @Sendable (Int) -> Double
  ) {
    self.description = description
    self.isConstant = isConstant
    self.factor = factor
  }

  /// The factor after `step` updates.
  public func factor(at step: Int) -> Double { factor(step) }

  /// Always 1.
  public static let constant = Schedule("constant", isConstant: true) { _ in 1 }

  /// `gammaⁿ` after n periods of `every` updates.
  public static func step(every: Int, gamma: Double = 0.1) -> Schedule {
    Schedule("step(every: \(every), gamma: \(gamma))") {
      Foundation.pow(gamma, Double($0 / max(every, 1)))
    }
  }

  /// `gammaⁿ` after n updates.
  public static func exponential(gamma: Double) -> Schedule {
    Schedule("exponential(gamma: \(gamma))") { Foundation.pow(gamma, Double($0)) }
  }

  /// From 1 to `final` along half a cosine.
  ///
  /// - Source: Loshchilov and Hutter 2017, eq. 5, one cycle.
  public static func cosine(steps: Int, final: Double = 0) -> Schedule {
    Schedule("cosine(steps: \(steps), final: \(final))") { step in
      let part = min(Double(step) / Double(max(steps, 1)), 1)
      return final + (1 - final) * (1 + Foundation.cos(.pi * part)) / 2
    }
  }

  /// From 1 to `final` as `(1 - step/steps)^power`.
  public static func polynomial(steps: Int, power: Double = 1, final: Double = 0) -> Schedule {
    Schedule("polynomial(steps: \(steps), power: \(power), final: \(final))") { step in
      let rest = 1 - min(Double(step) / Double(max(steps, 1)), 1)
      return final + (1 - final) * Foundation.pow(rest, power)
    }
  }

  /// Rises in a straight line to its peak, then falls to `final` along half a cosine.
  ///
  /// - Source: Smith and Topin 2018.
  public static func oneCycle(steps: Int, rise: Double = 0.3, final: Double = 1e-3) -> Schedule {
    let share = rise >= 0 ? min(rise, 1) : 0
    let up = max(Int(min(Double(max(steps, 1)) * share, 1e15)), 1)
    return Schedule.cosine(steps: max(steps - up, 1), final: final).warmedUp(steps: up)
  }

  /// Rises in a straight line over `steps` updates, then follows this schedule from its start.
  public func warmedUp(steps: Int) -> Schedule {
    let later = factor
    let rise = max(steps, 0)
    return Schedule("warmUp(\(steps)) then \(description)") { step in
      step < rise ? Double(max(step, 0) + 1) / Double(rise) : later(step - rise)
    }
  }
}
