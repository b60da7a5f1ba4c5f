import ApusCore

/// The two losses of generative adversarial networks: of the discriminator, which tells real from
/// generated samples, and of the generator, which wants its samples taken for real.
///
/// The discriminator gives logits, without a sigmoid; with ``wasserstein`` it is a critic, to be held
/// smooth by ``gradientPenalty(real:fake:weight:key:file:line:critic:)``.
///
/// ```swift
/// let gan = GANLoss.nonSaturating
/// let d = gan.discriminator(real: critic(x), fake: critic(generated.stoppingGradient()))
/// let g = gan.generator(fake: critic(generated))
/// ```
/// - Shape: `real[N, …], fake[M, …] →` scalars, means over all logits.
public struct GANLoss: Sendable, CustomStringConvertible {
  public let name: String
  private let realRule: @Sendable (Tensor) -> Tensor
  private let fakeRule: @Sendable (Tensor) -> Tensor
  private let generatorRule: @Sendable (Tensor) -> Tensor

  /// Creates a pair of losses of one's own, from terms of each logit.
  public init(
    _ name: String, real: @escaping @Sendable (Tensor) -> Tensor,
    fake: @escaping @Sendable (Tensor) -> Tensor,
    generator: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.name = name
    realRule = real
    fakeRule = fake
    generatorRule = generator
  }

  /// Returns what the discriminator minimises.
  public func discriminator(
    real: Tensor, fake: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    lossValue("GANLoss", [("real", real), ("fake", fake)], file, line) { () throws(Violation) in
      try require(real.dtype.isFloating, "real must be floating, not \(real.dtype)")
      try require(
        real.dtype == fake.dtype, "dtypes differ: real is \(real.dtype), fake is \(fake.dtype)")
      try require(
        real.rank == fake.rank && real.shape.dims.dropFirst() == fake.shape.dims.dropFirst(),
        "samples differ in shape: real is \(real.shape), fake is \(fake.shape)")
      let ofReal = try LossTerms(realRule(real)).reduced(.mean, weights: nil)
      return ofReal + (try LossTerms(fakeRule(fake)).reduced(.mean, weights: nil))
    }
  }

  /// Returns what the generator minimises.
  public func generator(
    fake: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    lossValue("GANLoss", [("fake", fake)], file, line) { () throws(Violation) in
      try require(fake.dtype.isFloating, "fake must be floating, not \(fake.dtype)")
      return try LossTerms(generatorRule(fake)).reduced(.mean, weights: nil)
    }
  }

  public var description: String { name }
}

extension GANLoss {
  /// The game as first stated; the generator learns little while it loses.
  ///
  ///     D: mean(-log σ(real)) + mean(-log(1 - σ(fake)))
  ///     G: mean(log(1 - σ(fake)))
  /// - Shape: `real[N, …], fake[M, …] →` scalars.
  /// - Source: Goodfellow et al. 2014, equation 1.
  public static let minimax = GANLoss(
    "minimax", real: { (-$0).softplus() }, fake: { $0.softplus() }, generator: { -$0.softplus() })

  /// The usual form: the generator raises the probability of its samples.
  ///
  ///     D: mean(-log σ(real)) + mean(-log(1 - σ(fake)))
  ///     G: mean(-log σ(fake))
  /// - Shape: `real[N, …], fake[M, …] →` scalars.
  /// - Source: Goodfellow et al. 2014, section 3.
  public static let nonSaturating = GANLoss(
    "nonSaturating", real: { (-$0).softplus() }, fake: { $0.softplus() },
    generator: { (-$0).softplus() })

  /// Squared distances to 1 for real and 0 for generated samples.
  ///
  ///     D: ½·mean((real - 1)²) + ½·mean(fake²)
  ///     G: ½·mean((fake - 1)²)
  /// - Shape: `real[N, …], fake[M, …] →` scalars.
  /// - Source: Mao et al. 2017, equation 9.
  public static let leastSquares = GANLoss(
    "leastSquares", real: { ($0 - 1).square() * 0.5 }, fake: { $0.square() * 0.5 },
    generator: { ($0 - 1).square() * 0.5 })

  /// Margins of 1 for the discriminator, the logit itself for the generator.
  ///
  ///     D: mean(max(0, 1 - real)) + mean(max(0, 1 + fake))
  ///     G: -mean(fake)
  /// - Shape: `real[N, …], fake[M, …] →` scalars.
  /// - Source: Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17.
  public static let marginHinge = GANLoss(
    "marginHinge", real: { (1 - $0).relu() }, fake: { (1 + $0).relu() }, generator: { -$0 })

  /// The distance of earth mover, as far as the critic is 1-Lipschitz.
  ///
  ///     D: mean(fake) - mean(real)
  ///     G: -mean(fake)
  /// - Shape: `real[N, …], fake[M, …] →` scalars.
  /// - Source: Arjovsky et al. 2017.
  public static let wasserstein = GANLoss(
    "wasserstein", real: { -$0 }, fake: { $0 }, generator: { -$0 })
}
