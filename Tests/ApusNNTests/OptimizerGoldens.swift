import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// Optimizers as goldens describe them, by the name of the operation.
enum OptimizerGoldens {
  static let make: [String: @Sendable (GoldenCase) -> any Optimizer] = [
    "sgd": { c in
      SGD(
        learningRate: c.double("learningRate"), momentum: c.double("momentum"),
        nesterov: c.truth("nesterov"), dampening: c.double("dampening"),
        weightDecay: c.double("weightDecay"), decay: kind(c))
    },
    "adam": { Adam(adam($0)) },
    "adamW": { AdamW(adam($0, .decoupled)) },
    "amsGrad": { AMSGrad(adam($0)) },
    "adamax": { Adamax(adam($0)) },
    "nadam": { NAdam(adam($0), momentumDecay: $0.double("momentumDecay")) },
    "radam": { RAdam(adam($0)) },
    "lamb": { LAMB(adam($0)) },
    "lion": { c in
      Lion(
        learningRate: c.double("learningRate"), beta1: c.double("beta1"), beta2: c.double("beta2"),
        weightDecay: c.double("weightDecay"), decay: kind(c))
    },
    "rmsProp": { c in
      RMSProp(
        learningRate: c.double("learningRate"), alpha: c.double("alpha"),
        epsilon: c.double("epsilon"), weightDecay: c.double("weightDecay"), decay: kind(c),
        momentum: c.double("momentum"), centered: c.truth("centered"))
    },
    "adaGrad": { c in
      AdaGrad(
        learningRate: c.double("learningRate"), epsilon: c.double("epsilon"),
        rateDecay: c.double("rateDecay"), initialSum: c.double("initialSum"),
        weightDecay: c.double("weightDecay"), decay: kind(c))
    },
    "adaDelta": { c in
      // The older family calls ρ `decay`.
      AdaDelta(
        learningRate: c.double("learningRate"), rho: max(c.double("rho"), c.double("decay")),
        epsilon: c.double("epsilon"), weightDecay: c.double("weightDecay"), decay: kind(c))
    },
  ]

  private static func adam(_ c: GoldenCase, _ decay: WeightDecay.Kind? = nil) -> AdamSettings {
    AdamSettings(
      learningRate: c.double("learningRate"), beta1: c.double("beta1"), beta2: c.double("beta2"),
      epsilon: c.double("epsilon"), weightDecay: c.double("weightDecay"), decay: decay ?? kind(c))
  }

  private static func kind(_ c: GoldenCase) -> WeightDecay.Kind {
    WeightDecay.Kind(rawValue: c.word("decay")) ?? .l2
  }

  /// PyTorch keeps NAdam's product of momenta in float32.
  private static func tolerance(_ c: GoldenCase) -> Double { c.op == "nadam" ? 1e-6 : 1e-9 }

  private final class Point: Module {
    let p: Parameter
    init(_ value: Tensor) { p = Parameter(value) }
  }

  /// Follows a path whose gradients are given: family `optimizer`.
  static func checkGiven(_ c: GoldenCase, _ optimizer: any Optimizer) throws {
    let model = Point(c.inputs[0].tensor)
    var state = OptimizerState(optimizer, for: model)
    let gradients = c.inputs[1].tensor
    let expected = c.outputs[0].values
    let width = c.inputs[0].values.count
    for step in 0..<c.int("steps") {
      try state.update([gradients.sliced(axis: 0, step..<step + 1).squeezed(axes: [0])])
      try expectClose(
        model.p.value, Array(expected[step * width..<(step + 1) * width]),
        absolute: tolerance(c) / 100, relative: tolerance(c), "\(c)")
    }
  }

  private final class Pair: Module {
    let weight: Parameter
    let bias: Parameter
    init(_ weight: Tensor, _ bias: Tensor) {
      (self.weight, self.bias) = (Parameter(weight), Parameter(bias))
    }
    var point: Tensor { concatenated([weight.value.reshaped(to: [4]), bias.value]) }
  }

  /// Follows a path on the problem: family `optimizer_variants`.
  static func checkVariant(_ c: GoldenCase, _ optimizer: any Optimizer) throws {
    let model = Pair(c.inputs[0].tensor, c.inputs[1].tensor)
    let options = options(c, optimizer)
    var state = OptimizerState(optimizer, for: model, options: options)
    let (a, targets) = (c.inputs[2].tensor, c.inputs[3].tensor)
    for step in 0..<20 {
      for batch in 0..<options.accumulation {
        let target = targets[batch]
        let (_, gradients) = model.valueAndGradients {
          let x = model.point
          let quadratic = 0.5 * (x * matmul(a, x.reshaped(to: [6, 1])).reshaped(to: [6])).sum()
          return quadratic - (target * x).sum() + x.square().square().sum() / 32
        }
        let moved = try state.update(gradients)
        #expect(moved == (batch == options.accumulation - 1))
      }
      let averages = state.averages
      let now =
        [model.weight.value, model.bias.value]
        + [averages["weight"], averages["bias"]].compactMap { $0 }
      #expect(now.count == c.outputs.count)
      for (value, output) in zip(now, c.outputs) {
        let width = output.values.count / 20
        try expectClose(
          value, Array(output.values[step * width..<(step + 1) * width]),
          absolute: tolerance(c) / 100, relative: tolerance(c), "step \(step), \(c)")
      }
    }
  }

  private static func options(_ c: GoldenCase, _ optimizer: any Optimizer) -> UpdateOptions {
    var options = UpdateOptions(accumulation: max(c.int("accumulation"), 1))
    if c.attributes["biasDecay"] != nil {
      options.groups.append(
        ParameterGroup(
          "bias", rate: c.double("biasRate") == 0 ? 1 : c.double("biasRate"),
          weightDecay: WeightDecay(c.double("biasDecay"), optimizer.decay)))
    }
    if c.truth("sparesBias") { options.groups.append(ParameterGroup("bias", isClipped: false)) }
    switch c.word("clipping") {
    case "value": options.clipping = .value(c.double("limit"))
    case "norm": options.clipping = .norm(c.double("limit"))
    case "globalNorm": options.clipping = .globalNorm(c.double("limit"))
    default: break
    }
    switch c.word("average") {
    case "ema": options.average = .exponential(decay: c.double("averageDecay"))
    case "equal": options.average = .equal()
    default: break
    }
    if c.word("constraint") == "maximumNorm" {
      options.constraints = [.maximumNorm(c.double("norm"), of: "weight")]
    }
    return options
  }
}
