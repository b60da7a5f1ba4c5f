import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("diffusion") struct DiffusionTests {
  private let x = Tensor([0.5, -1, 2, 0.25, -0.75, 1.5], shape: [3, 2])
  private let noise = Tensor([0.1, -0.3, 1.2, -0.8, 0.4, 0.9], shape: [3, 2])
  private let steps = Tensor([0, 4, 9] as [Int32])

  @Test("linear and cosine schedules follow their papers")
  func schedules() throws {
    let linear = try NoiseSchedule.linear()
    #expect(linear.count == 1000 && abs(linear.betas[0] - 1e-4) < 1e-18)
    #expect(abs(linear.betas[999] - 0.02) < 1e-15 && abs(linear.betas[500] - 0.01005996) < 1e-8)
    var product = 1.0
    for (beta, signal) in zip(linear.betas, linear.signal) {
      product *= 1 - beta
      #expect(abs(product - signal) < 1e-15)
    }
    // Nearly nothing is left after the last step.
    #expect(linear.signal[999] < 5e-5)
    let cosine = try NoiseSchedule.cosine(steps: 50)
    func level(_ t: Double) -> Double { pow(cos((t / 50 + 0.008) / 1.008 * .pi / 2), 2) }
    for t in 0..<49 {
      #expect(abs(cosine.signal[t] - level(Double(t + 1)) / level(0)) < 1e-12)
    }
    #expect(cosine.betas[49] == 0.999)
  }

  @Test("the closed form is the same as one step after another")
  func closedForm() throws {
    try TestExecutor.cpu.run {
      let schedule = try NoiseSchedule.linear(steps: 10, from: 0.05, to: 0.3)
      // The mean shrinks and the variance grows by the recursion of one step.
      var (mean, variance) = (1.0, 0.0)
      let one = Tensor.ones([10, 1], dtype: .float64)
      let all = Tensor.range(10, dtype: .int64)
      let means = try schedule.diffused(one, to: all, noise: one * 0).scalars(as: Double.self)
      let deviations = try schedule.diffused(one * 0, to: all, noise: one).scalars(as: Double.self)
      for (t, beta) in schedule.betas.enumerated() {
        mean *= (1 - beta).squareRoot()
        variance = (1 - beta) * variance + beta
        #expect(abs(means[t] - mean) < 1e-12)
        #expect(abs(deviations[t] * deviations[t] - variance) < 1e-12)
      }
      let noisy = schedule.diffused(x, to: steps, noise: noise)
      let back = schedule.start(of: noisy, at: steps, noise: noise)
      try expectClose(back, x.scalars(as: Double.self), absolute: 1e-12)
    }
  }

  @Test("the posterior is Bayes' rule of the two steps around it")
  func posterior() throws {
    try TestExecutor.cpu.run {
      let schedule = try NoiseSchedule.linear(steps: 10, from: 0.05, to: 0.3)
      let (mean, variance) = schedule.posterior(start: x, now: noise, at: steps)
      let means = try mean.scalars(as: Double.self)
      let variances = try variance.scalars(as: Double.self)
      #expect(variance.shape == [3, 1])
      let (origin, now) = (try x.scalars(as: Double.self), try noise.scalars(as: Double.self))
      // At the first step x₀ itself, exactly known.
      #expect(variances[0] == 0)
      expectClose(Array(means[0..<2]), Array(origin[0..<2]))
      for (row, t) in [(1, 4), (2, 9)] {
        let (beta, before) = (schedule.betas[t], schedule.signal[t - 1])
        // N(x_t; √α·x, β) · N(x; √ᾱ·x₀, 1 − ᾱ): precisions add.
        let precision = (1 - beta) / beta + 1 / (1 - before)
        #expect(abs(variances[row] - 1 / precision) < 1e-12)
        for i in (row * 2)..<(row * 2 + 2) {
          let pull =
            (1 - beta).squareRoot() * now[i] / beta
            + before.squareRoot() * origin[i] / (1 - before)
          #expect(abs(means[i] - pull / precision) < 1e-12)
        }
      }
    }
  }

  @Test("a reverse step is the paper's algorithm 2, and exact at step 0")
  func reverse() throws {
    try TestExecutor.cpu.run {
      let schedule = try NoiseSchedule.linear(steps: 10, from: 0.05, to: 0.3)
      let wide = Tensor.zeros([1, 20_000], dtype: .float64) + 0.7
      let t = Tensor([6] as [Int64])
      let y = schedule.denoised(wide, at: t, noise: wide * 0.5, key: RandomKey(seed: 1))
      let (mean, variance) = try moments(y)
      let (beta, signal, before) = (
        schedule.betas[6], schedule.signal[6], schedule.signal[5]
      )
      let expected = (0.7 - beta / (1 - signal).squareRoot() * 0.35) / (1 - beta).squareRoot()
      let spread = beta * (1 - before) / (1 - signal)
      #expect(abs(mean - expected) < 5 * (spread / 20_000).squareRoot())
      #expect(abs(variance / spread - 1) < 0.05)
      let zero = Tensor([0, 0, 0] as [Int32])
      let noisy = schedule.diffused(x, to: zero, noise: noise)
      let back = schedule.denoised(noisy, at: zero, noise: noise, key: RandomKey(seed: 2))
      try expectClose(back, x.scalars(as: Double.self), absolute: 1e-12)
    }
  }

  @Test("steps out of range, negative ones too, and settings without sense are refused")
  func refusals() throws {
    try TestExecutor.cpu.run {
      let schedule = try NoiseSchedule.linear(steps: 10)
      for wrong in [-1, 10, .max, .min] as [Int64] {
        let t = Tensor([0, wrong, 1])
        #expect(throws: TensorError.self) {
          try schedule.diffused(x, to: t, noise: noise).scalars(as: Double.self)
        }
        let word = Tensor([0, wrong])
        #expect(throws: TensorError.self) { try Embedding(10, width: 2)(word).scalars() }
      }
      var bad = BadInput()
      for a in BadInput.few {
        for b in BadInput.few {
          bad.call("diffused", [a, b]) {
            [
              schedule.diffused($0[0], to: $0[1], noise: $0[0]),
              schedule.denoised($0[0], at: $0[1], noise: $0[1], key: RandomKey(seed: 1)),
              schedule.posterior(start: $0[0], now: $0[1], at: $0[1]).mean,
            ]
          }
        }
      }
      for size in BadInput.sizes {
        bad.attempt("linear \(size)") { _ = try NoiseSchedule.linear(steps: size) }
        bad.attempt("cosine \(size)") { _ = try NoiseSchedule.cosine(steps: size) }
      }
      for number in BadInput.numbers {
        bad.attempt("betas \(number)") { _ = try NoiseSchedule(betas: [0.1, number]) }
        bad.attempt("from \(number)") { _ = try NoiseSchedule.linear(steps: 3, from: number) }
        bad.attempt("to \(number)") { _ = try NoiseSchedule.linear(steps: 3, to: number) }
        bad.attempt("offset \(number)") { _ = try NoiseSchedule.cosine(steps: 3, offset: number) }
        bad.attempt("limit \(number)") { _ = try NoiseSchedule.cosine(steps: 3, limit: number) }
      }
      #expect(bad.refusals > 300, "\(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
