import Foundation

extension Schedule {
  /// How a one-cycle schedule goes from one value to the next.
  public enum Annealing: String, Sendable, Hashable, CaseIterable {
    case cosine, linear

    /// From `a` at 0 to `b` at 1.
    func value(_ a: Double, _ b: Double, _ part: Double) -> Double {
      switch self {
      case .linear: a + (b - a) * part
      case .cosine: b + (a - b) / 2 * (1 + Foundation.cos(.pi * part))
      }
    }
  }

  /// How the height of cycles changes.
  public enum CycleScale: Sendable, Hashable {
    case same
    /// Half of the last one's.
    case halved
    /// `gammaᵗ` after t updates, for a `gamma` up to 1.
    case exponential(gamma: Double)
  }

  /// From 1 to `final` along half a cosine, then `final`.
  ///
  /// - Source: Loshchilov and Hutter 2017, eq. 5, one cycle; PyTorch's `CosineAnnealingLR` rises
  ///   again instead of staying.
  public static func cosine(steps: Int, final: Double = 0) -> Schedule {
    Schedule(
      "cosine(steps: \(steps), final: \(final))",
      problem: ScheduleProblem.notPositive(("steps", steps))
        ?? ScheduleProblem.negative(("final", final))
    ) { step in Annealing.cosine.value(1, final, min(Double(step) / Double(steps), 1)) }
  }

  /// From 1 to `final` along half a cosine, again and again; each cycle is `growth` times as long as
  /// the one before, `steps` updates at first.
  ///
  /// - Source: Loshchilov and Hutter 2017, eq. 5; PyTorch's `CosineAnnealingWarmRestarts`.
  public static func cosineRestarts(
    steps: Int, growth: Int = 1, final: Double = 0
  ) -> Schedule {
    Schedule(
      "cosineRestarts(steps: \(steps), growth: \(growth), final: \(final))",
      problem: ScheduleProblem.notPositive(("steps", steps), ("growth", growth))
        ?? ScheduleProblem.negative(("final", final))
    ) { step in
      var (length, place) = (steps, step)
      if growth == 1 {
        place = step % length
      } else {
        while place >= length {
          place -= length
          length = length.timesClamped(growth)
        }
      }
      return Annealing.cosine.value(1, final, Double(place) / Double(length))
    }
  }

  /// From `initial` to 1 over the share `rise` of the updates, and from there to `final`.
  ///
  /// - Source: Smith and Topin 2018, in the two phases of PyTorch's `OneCycleLR`, whose
  ///   `div_factor` is `1/initial` and `final_div_factor` is `initial/final`.
  public static func oneCycle(
    steps: Int, rise: Double = 0.3, initial: Double = 0.04, final: Double = 4e-6,
    annealing: Annealing = .cosine
  ) -> Schedule {
    Schedule(
      "oneCycle(steps: \(steps), rise: \(rise), initial: \(initial), final: \(final))",
      problem: ScheduleProblem.notPositive(("steps", steps))
        ?? ScheduleProblem.negative(("rise", rise), ("initial", initial), ("final", final))
        ?? (rise <= 1 ? nil : "rise \(rise) is above 1")
    ) { step in
      let last = Double(steps) - 1
      let peak = rise * Double(steps) - 1
      let t = min(Double(step), last)
      if t <= peak { return annealing.value(initial, 1, peak > 0 ? t / peak : 1) }
      let start = max(peak, 0)
      return annealing.value(1, final, last > start ? (t - start) / (last - start) : 1)
    }
  }

  /// Up from `lowest` to 1 and down again in straight lines, over and over.
  ///
  /// - Source: Smith 2017; PyTorch's `CyclicLR`, whose modes are the scales.
  public static func cyclic(
    up: Int, down: Int? = nil, lowest: Double = 0.1, scale: CycleScale = .same
  ) -> Schedule {
    let fall = down ?? up
    var problem =
      ScheduleProblem.notPositive(("up", up), ("down", fall))
      ?? ScheduleProblem.negative(("lowest", lowest))
    if case .exponential(let gamma) = scale {
      problem =
        problem ?? ScheduleProblem.negative(("gamma", gamma))
        ?? (gamma <= 1 ? nil : "gamma \(gamma) is above 1")
    }
    return Schedule(
      "cyclic(up: \(up), down: \(fall), lowest: \(lowest), \(scale))", problem: problem
    ) { step in
      let length = up.plusClamped(fall)
      let place = step % length
      let height =
        place <= up ? Double(place) / Double(up) : Double(length - place) / Double(fall)
      let factor =
        switch scale {
        case .same: 1.0
        case .halved: Foundation.pow(0.5, Double(step / length))
        case .exponential(let gamma): Foundation.pow(gamma, Double(step))
        }
      return lowest + (1 - lowest) * height * factor
    }
  }
}
