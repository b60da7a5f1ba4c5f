import Foundation

extension Schedule {
  /// Always 1.
  public static let constant = Schedule("constant", problem: nil, isConstant: true) { _ in 1 }

  /// `gammaⁿ` after n periods of `every` updates.
  ///
  /// - Source: PyTorch's `StepLR`.
  public static func step(every: Int, gamma: Double = 0.1) -> Schedule {
    Schedule(
      "step(every: \(every), gamma: \(gamma))",
      problem: ScheduleProblem.notPositive(("every", every))
        ?? ScheduleProblem.negative(("gamma", gamma))
    ) { Foundation.pow(gamma, Double($0 / max(every, 1))) }
  }

  /// `gammaⁿ` once n of the rising numbers of updates are reached.
  ///
  /// - Source: PyTorch's `MultiStepLR`.
  public static func multiStep(at steps: [Int], gamma: Double = 0.1) -> Schedule {
    Schedule(
      "multiStep(at: \(steps), gamma: \(gamma))",
      problem: ScheduleProblem.notRising("steps", steps)
        ?? ScheduleProblem.negative(("gamma", gamma))
    ) { step in Foundation.pow(gamma, Double(steps.count { $0 <= step })) }
  }

  /// `values[n]` once n of the rising numbers of updates are reached; one value more than numbers.
  public static func piecewise(_ values: [Double], at steps: [Int]) -> Schedule {
    let count =
      values.count == steps.count + 1
      ? nil : "\(values.count) values for \(steps.count) changes: there must be one more"
    let wrong = values.first { !($0 >= 0 && $0.isFinite) }
      .map { "the value \($0) is not a finite number from 0" }
    return Schedule(
      "piecewise(\(values), at: \(steps))",
      problem: ScheduleProblem.notRising("steps", steps) ?? count ?? wrong
    ) { step in values[steps.count { $0 <= step }] }
  }

  /// `gammaⁿ` after n updates.
  ///
  /// - Source: PyTorch's `ExponentialLR`.
  public static func exponential(gamma: Double) -> Schedule {
    Schedule(
      "exponential(gamma: \(gamma))", problem: ScheduleProblem.negative(("gamma", gamma))
    ) { Foundation.pow(gamma, Double($0)) }
  }

  /// In a straight line from `initial` to `final` over `steps` updates, then `final`.
  ///
  /// - Source: PyTorch's `LinearLR`.
  public static func linear(from initial: Double, to final: Double, steps: Int) -> Schedule {
    Schedule(
      "linear(from: \(initial), to: \(final), steps: \(steps))",
      problem: ScheduleProblem.notPositive(("steps", steps))
        ?? ScheduleProblem.negative(("initial", initial), ("final", final))
    ) { step in initial + (final - initial) * min(Double(step) / Double(steps), 1) }
  }

  /// From 1 to `final` as `(1 - step/steps)^power`, then `final`.
  ///
  /// - Source: PyTorch's `PolynomialLR`, for a `final` of 0.
  public static func polynomial(steps: Int, power: Double = 1, final: Double = 0) -> Schedule {
    Schedule(
      "polynomial(steps: \(steps), power: \(power), final: \(final))",
      problem: ScheduleProblem.notPositive(("steps", steps))
        ?? ScheduleProblem.negative(("power", power), ("final", final))
    ) { step in
      let rest = 1 - min(Double(step) / Double(steps), 1)
      return final + (1 - final) * Foundation.pow(rest, power)
    }
  }

  /// `min(t / warmUp, √(warmUp / t))` for the update t, counted from 1: rises in a straight line to 1,
  /// then falls with the root.
  ///
  /// The Transformer's rate `width^-½ · min(t^-½, t·warmUp^-3/2)` is this times
  /// `(width · warmUp)^-½`.
  /// - Source: Vaswani et al. 2017, eq. 3.
  public static func inverseSquareRoot(warmUp: Int) -> Schedule {
    Schedule(
      "inverseSquareRoot(warmUp: \(warmUp))",
      problem: ScheduleProblem.notPositive(("warmUp", warmUp))
    ) { step in
      let t = Double(step) + 1
      return min(t / Double(warmUp), (Double(warmUp) / t).squareRoot())
    }
  }
}
