import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let schedules: [VocabularyRow] = stepSchedules + cycleSchedules

  private static let stepSchedules: [VocabularyRow] = [
    row("constant") { _, _ in [.constant, .constant.multiplied(by: .step(every: 0))] },
    row("step") { n, x in [.step(every: n, gamma: x)] },
    row("multiStep") { n, x in [.multiStep(at: [n, 3], gamma: x), .multiStep(at: [], gamma: x)] },
    row("piecewise") { n, x in [.piecewise([x, 1], at: [n]), .piecewise([], at: [n])] },
    row("exponential") { _, x in [.exponential(gamma: x)] },
    row("linear") { n, x in [.linear(from: x, to: 1, steps: n), .linear(from: 0, to: x, steps: n)]
    },
    row("polynomial") { n, x in
      [.polynomial(steps: n, power: x), .polynomial(steps: n, final: x)]
    },
    row("inverseSquareRoot") { n, _ in [.inverseSquareRoot(warmUp: n)] },
  ]

  private static let cycleSchedules: [VocabularyRow] = [
    row("cosine") { n, x in [.cosine(steps: n, final: x)] },
    row("cosineRestarts") { n, x in
      [.cosineRestarts(steps: n, final: x), .cosineRestarts(steps: 2, growth: n, final: x)]
    },
    row("oneCycle") { n, x in
      [.oneCycle(steps: n, rise: x), .oneCycle(steps: n, initial: x, final: x, annealing: .linear)]
    },
    row("cyclic") { n, x in
      [
        .cyclic(up: n, lowest: x), .cyclic(up: 2, down: n, scale: .exponential(gamma: x)),
        .cyclic(up: n, down: n, scale: .halved),
      ]
    },
    row("sequence") { n, x in
      [
        .sequence([(.constant, steps: n), (.exponential(gamma: x), steps: n)], then: .constant),
        .sequence([], then: .constant.warmedUp(steps: n)),
      ]
    },
  ]

  /// Schedules do not throw: one that is wrong has an error, and no factor that could be used.
  private static func row(
    _ name: String, _ make: @escaping @Sendable (Int, Double) -> [Schedule]
  ) -> VocabularyRow {
    VocabularyRow(
      .schedule, name,
      proofs: [.goldens("schedules", op: name) { try ScheduleGoldens.check($0) }]
    ) { bad in
      for size in BadInput.sizes {
        for number in BadInput.numbers {
          for (index, schedule) in make(size, number).enumerated() {
            bad.attempt("\(name) \(index) \(size) \(number)") {
              let factors = BadInput.sizes.map { schedule.factor(at: $0) }
              let hasNaN = factors.contains { $0.isNaN }
              #expect(hasNaN == (schedule.error != nil), "\(schedule): \(factors)")
              if let error = schedule.error { throw error }
            }
          }
        }
      }
    }
  }
}
