import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// Initializers whose variance is a number over a fan.
extension VocabularyRow {
  static let fanInitializers: [VocabularyRow] = [
    scaled(
      "glorotNormal", "Glorot and Bengio 2010, eq. 12", .normal, scale: 1, .average,
      .glorotNormal, [(.glorotNormal(gain: 3), 9, .average)]
    ) { [.glorotNormal(gain: $0)] },
    scaled(
      "glorotUniform", "Glorot and Bengio 2010, eq. 16", .uniform, scale: 1, .average,
      .glorotUniform, [(.glorotUniform(gain: 0.5), 0.25, .average)]
    ) { [.glorotUniform(gain: $0)] },
    scaled(
      "heNormal", "He et al. 2015, eq. 10, 14, 15", .normal, scale: 2, .input, .heNormal,
      [
        (.heNormal(slope: 0.5), 1.6, .input),
        (.heNormal(slope: 0, fan: .output), 2, .output),
      ]
    ) { [.heNormal(slope: $0)] },
    scaled(
      "heUniform", "He et al. 2015, eq. 10, 14, 15", .uniform, scale: 2, .input, .heUniform,
      [(.heUniform(slope: 2, fan: .output), 0.4, .output)]
    ) { [.heUniform(slope: $0)] },
    scaled(
      "leCunNormal", "LeCun et al. 1998, section 4.6", .normal, scale: 1, .input, .leCunNormal, []
    ) { _ in [.leCunNormal] },
    scaled(
      "leCunUniform", "LeCun et al. 1998, section 4.6", .uniform, scale: 1, .input,
      .leCunUniform, []
    ) { _ in [.leCunUniform] },
    scaled(
      "scaledNormal", "variance scale / fan", .normal, scale: 5, .output,
      .scaledNormal(5, fan: .output), []
    ) { number in Initializer.Fan.allCases.map { .scaledNormal(number, fan: $0) } },
    scaled(
      "scaledUniform", "variance scale / fan", .uniform, scale: 5, .average,
      .scaledUniform(5, fan: .average), []
    ) { number in Initializer.Fan.allCases.map { .scaledUniform(number, fan: $0) } },
  ]

  private enum Form: Sendable {
    case normal, uniform
    func distribution(variance: Double) -> ExpectedDistribution {
      switch self {
      case .normal: .normal(variance.squareRoot())
      case .uniform: .uniform(variance: variance)
      }
    }
  }

  /// Weights of all layouts with the fans of their layers, counted by hand.
  private static let weights: [(shape: Shape, fans: Fans?, input: Double, output: Double)] = [
    ([96, 128], nil, 128, 96),
    ([64, 8, 5, 5], nil, 200, 1600),
    ([96, 4, 7], nil, 28, 672),
    ([16, 96, 3, 3], .transposedConvolution([16, 96, 3, 3]), 144, 864),
    ([32, 48, 3, 3], .transposedConvolution([32, 48, 3, 3], groups: 2), 144, 864),
  ]

  private static func scaled(
    _ name: String, _ source: String, _ form: Form, scale: Double, _ fan: Initializer.Fan,
    _ standard: Initializer, _ variants: [(Initializer, Double, Initializer.Fan)],
    _ bad: @escaping @Sendable (Double) -> [Initializer]
  ) -> VocabularyRow {
    let all = [(standard, scale, fan)] + variants
    return VocabularyRow(
      .initializer, name,
      proofs: [
        .formula(source) {
          for (initializer, scale, fan) in all {
            for weight in weights {
              let divisor =
                switch fan {
                case .input: weight.input
                case .output: weight.output
                case .average: (weight.input + weight.output) / 2
                }
              try checkDistribution(
                of: initializer, shape: weight.shape, fans: weight.fans,
                form.distribution(variance: scale / divisor))
            }
          }
        }
      ]
    ) { calls in
      let shapes: [Shape] = [[], [0], [3], [2, 0], [.max], [-1], [1 << 40, 1 << 40]]
      for number in BadInput.numbers {
        for initializer in bad(number) {
          for shape in shapes {
            for (input, output) in [(1, 1), (0, -1), (number, 1), (1, number)] {
              calls.call("\(initializer) \(shape) \(input) \(output)", named: false) { _ in
                let fans = Fans(input: input, output: output)
                let type = TensorType(.float32, shape)
                return [initializer.values(type, seed: 0, path: "", fans: fans)]
              }
            }
            calls.call("\(initializer) i64\(shape)", named: false) { _ in
              [initializer.values(TensorType(.int64, shape), seed: 0, path: "")]
            }
          }
        }
      }
    }
  }
}
