import ApusCore
import Foundation

/// How much noise each step of a diffusion adds, and the formulas that follow from it.
///
///     q(x_t | x_{t−1}) = N(√α_t · x_{t−1}, β_t),   α_t = 1 − β_t
///     q(x_t | x_0) = N(√ᾱ_t · x_0, 1 − ᾱ_t),       ᾱ_t = α_0 · … · α_t
///
/// Steps count from 0 to `count − 1`. Everything is computed in `float64` once, and given in the
/// dtype of the data.
///
/// ```swift
/// let schedule = try NoiseSchedule.linear(steps: 1000)
/// let noise = Tensor.normal(x.shape, key: key)
/// let noisy = schedule.diffused(x, to: t, noise: noise)   // train the network to find the noise
/// ```
/// - Source: Ho, Jain and Abbeel 2020, "Denoising diffusion probabilistic models", section 2.
public struct NoiseSchedule: Sendable, Hashable {
  /// The variance that each step adds.
  public let betas: [Double]
  /// What is left of the signal's variance after each step, ᾱ.
  public let signal: [Double]

  /// The number of steps.
  public var count: Int { betas.count }

  /// Creates a schedule of given variances.
  ///
  /// - Throws: A refusal of none, of too many, and of those that are not between 0 and 1.
  public init(betas: [Double]) throws(TensorError) {
    guard !betas.isEmpty, betas.count <= Self.greatestCount else {
      throw Self.mistake("\(betas.count) steps are not a number from 1 to \(Self.greatestCount)")
    }
    if let wrong = betas.first(where: { !($0 > 0 && $0 < 1) }) {
      throw Self.mistake("beta \(wrong) is not between 0 and 1")
    }
    self.betas = betas
    var product = 1.0
    signal = betas.map { beta in
      product *= 1 - beta
      return product
    }
  }

  /// Variances that rise evenly.
  ///
  /// - Source: Ho, Jain and Abbeel 2020, section 4.
  public static func linear(
    steps: Int = 1000, from first: Double = 1e-4, to last: Double = 0.02
  ) throws(TensorError) -> NoiseSchedule {
    try check(steps)
    let rise = steps > 1 ? (last - first) / Double(steps - 1) : 0
    return try NoiseSchedule(betas: (0..<steps).map { first + rise * Double($0) })
  }

  /// Variances that let the signal fall as `cos²((t/T + s)/(1 + s) · π/2)`, none above `limit`.
  ///
  /// - Source: Nichol and Dhariwal 2021, equation 17.
  public static func cosine(
    steps: Int = 1000, offset: Double = 0.008, limit: Double = 0.999
  ) throws(TensorError) -> NoiseSchedule {
    try check(steps)
    guard offset >= 0, offset.isFinite else {
      throw mistake("offset \(offset) is not a finite number from 0")
    }
    func level(_ step: Int) -> Double {
      let share = (Double(step) / Double(steps) + offset) / (1 + offset)
      let wave = cos(share * .pi / 2)
      return wave * wave
    }
    return try NoiseSchedule(betas: (0..<steps).map { min(1 - level($0 + 1) / level($0), limit) })
  }

  private static let greatestCount = 1 << 20

  private static func check(_ steps: Int) throws(TensorError) {
    guard steps > 0, steps <= greatestCount else {
      throw mistake("\(steps) steps are not a number from 1 to \(greatestCount)")
    }
  }

  private static func mistake(_ reason: String) -> TensorError {
    TensorError(operation: "NoiseSchedule", reason: reason)
  }
}
