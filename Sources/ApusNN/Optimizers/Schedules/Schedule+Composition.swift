extension Schedule {
  /// Schedules one after the other, each beginning from its start when the one before has made its
  /// number of updates; the last one goes on.
  ///
  /// - Source: PyTorch's `SequentialLR`.
  public static func sequence(
    _ parts: [(schedule: Schedule, steps: Int)], then last: Schedule
  ) -> Schedule {
    let names = parts.map { "\($0.schedule) for \($0.steps)" } + ["\(last)"]
    let wrong = parts.first { $0.steps < 0 }.map { "\($0.steps) steps are not a number from 0" }
    let parts = parts.map { (schedule: $0.schedule, steps: $0.steps) }
    return Schedule(
      names.joined(separator: ", then "), of: parts.map(\.schedule) + [last], problem: wrong
    ) { step in
      var place = step
      for (schedule, steps) in parts {
        if place < steps { return schedule.factor(at: place) }
        place -= steps
      }
      return last.factor(at: place)
    }
  }

  /// Rises in a straight line over `steps` updates, from `1/steps` in the first, then follows this
  /// schedule from its start.
  ///
  /// - Source: Goyal et al. 2017, section 2.2.
  public func warmedUp(steps: Int) -> Schedule {
    let later = self
    return Schedule(
      "warmUp(\(steps)) then \(description)", of: [self],
      problem: steps >= 0 ? nil : "\(steps) steps are not a number from 0"
    ) { step in
      step < steps ? Double(step + 1) / Double(steps) : later.factor(at: step - steps)
    }
  }

  /// The product of the factors of two schedules.
  ///
  /// - Source: PyTorch's `ChainedScheduler`.
  public func multiplied(by other: Schedule) -> Schedule {
    let first = self
    return Schedule("\(description) · \(other)", of: [self, other]) {
      first.factor(at: $0) * other.factor(at: $0)
    }
  }
}
