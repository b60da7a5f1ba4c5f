import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// Schedules as goldens describe them, by the name of the operation.
enum ScheduleGoldens {
  static let make: [String: @Sendable (GoldenCase) -> Schedule] = [
    "constant": { _ in .constant },
    "step": { .step(every: $0.int("every"), gamma: $0.double("gamma")) },
    "multiStep": { .multiStep(at: $0.ints("at"), gamma: $0.double("gamma")) },
    "piecewise": { .piecewise($0.doubles("values"), at: $0.ints("at")) },
    "exponential": { .exponential(gamma: $0.double("gamma")) },
    "linear": { .linear(from: $0.double("from"), to: $0.double("to"), steps: $0.int("steps")) },
    "polynomial": { .polynomial(steps: $0.int("steps"), power: $0.double("power")) },
    "cosine": { .cosine(steps: $0.int("steps"), final: $0.double("final")) },
    "cosineRestarts": { c in
      .cosineRestarts(steps: c.int("steps"), growth: c.int("growth"), final: c.double("final"))
    },
    "oneCycle": { c in
      .oneCycle(
        steps: c.int("steps"), rise: c.double("rise"), initial: c.double("initial"),
        final: c.double("final"), annealing: c.word("annealing") == "linear" ? .linear : .cosine)
    },
    "cyclic": { c in
      let scales: [String: Schedule.CycleScale] = [
        "same": .same, "halved": .halved, "exponential": .exponential(gamma: c.double("gamma")),
      ]
      return .cyclic(
        up: c.int("up"), down: c.int("down"), lowest: c.double("lowest"),
        scale: scales[c.word("scale")] ?? .same)
    },
    "inverseSquareRoot": { .inverseSquareRoot(warmUp: $0.int("warmUp")) },
    "sequence": { _ in
      .sequence(
        [(.constant, steps: 5), (.exponential(gamma: 0.8), steps: 7)],
        then: .step(every: 4, gamma: 0.5))
    },
    "warmedUp": { Schedule.exponential(gamma: 0.9).warmedUp(steps: $0.int("steps")) },
    "multiplied": { _ in
      Schedule.exponential(gamma: 0.95).multiplied(by: .step(every: 9, gamma: 0.5))
    },
  ]

  static func check(_ c: GoldenCase) throws {
    let schedule = try #require(make[c.op]?(c))
    #expect(schedule.error == nil)
    let factors = c.outputs[0].values.indices.map { schedule.factor(at: $0) }
    expectClose(factors, c.outputs[0].values, absolute: 1e-13, relative: 1e-11, "\(c)")
  }
}

@Suite("schedules") struct ScheduleTests {
  static let cases = (try? goldens("schedules")) ?? []

  @Test("rates agree with PyTorch's, step by step", arguments: cases.filter { $0.op != "plateau" })
  func golden(_ c: GoldenCase) throws { try ScheduleGoldens.check(c) }

  @Test(
    "a plateau lowers the rate where PyTorch does", arguments: cases.filter { $0.op == "plateau" })
  func plateau(_ c: GoldenCase) throws {
    let threshold: Plateau.Threshold =
      c.word("kind") == "abs" ? .absolute(c.double("threshold")) : .relative(c.double("threshold"))
    var plateau = try Plateau(
      isRising: c.truth("rising"), factor: c.double("factor"), patience: c.int("patience"),
      threshold: threshold, cooldown: c.int("cooldown"), minimumRate: c.double("minimum"))
    var rate = c.double("rate")
    var rates: [Double] = []
    for value in c.inputs[0].values {
      rate = plateau.rate(after: value, from: rate)
      rates.append(rate)
    }
    #expect(Set(rates).count > 2)
    expectClose(rates, c.outputs[0].values, absolute: 0, relative: 1e-14)
  }

  @Test("goldens are there") func present() { #expect(Self.cases.count > 20) }

  @Test("after their end, schedules stay where they are")
  func ends() {
    #expect(Schedule.constant.factor(at: .max) == 1)
    #expect(Schedule.cosine(steps: 100, final: 0.1).factor(at: 500) == 0.1)
    #expect(Schedule.polynomial(steps: 10, final: 0.2).factor(at: 11) == 0.2)
    #expect(Schedule.linear(from: 1, to: 0.5, steps: 3).factor(at: .max) == 0.5)
    let last = Schedule.oneCycle(steps: 10).factor(at: 9)
    #expect(Schedule.oneCycle(steps: 10).factor(at: .max) == last)
    #expect(abs(last - 4e-6) < 1e-15)
    #expect(Schedule.cosineRestarts(steps: 2, growth: 2).factor(at: .max).isFinite)
    let warm = Schedule.constant.warmedUp(steps: 4)
    #expect((0..<5).map(warm.factor) == [0.25, 0.5, 0.75, 1, 1])
    #expect(warm.factor(at: -5) == 0.25)
  }

  @Test("settings that make no sense give NaN and an error that names them")
  func refusals() {
    let cases: [(Schedule, String)] = [
      (.step(every: 0), "step(every: 0, gamma: 0.1): every 0 is not a positive number"),
      (
        .multiStep(at: [3, 3]),
        "multiStep(at: [3, 3], gamma: 0.1): steps [3, 3] are not rising numbers from 0"
      ),
      (
        .piecewise([1], at: [2]),
        "piecewise([1.0], at: [2]): 1 values for 1 changes: there must be one more"
      ),
      (
        .exponential(gamma: .nan),
        "exponential(gamma: nan): gamma nan is not a finite number from 0"
      ),
    ]
    for (schedule, text) in cases {
      #expect(schedule.error?.reason == text)
      #expect(schedule.factor(at: 0).isNaN)
    }
    let nested = Schedule.sequence(
      [(.constant, steps: 2)], then: .step(every: 0).warmedUp(steps: 1))
    #expect(nested.error == Schedule.step(every: 0).error)
  }
}
