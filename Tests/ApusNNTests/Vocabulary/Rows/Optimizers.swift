import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let optimizers: [VocabularyRow] = plainOptimizers + adamFamily

  private static let plainOptimizers: [VocabularyRow] = [
    row("SGD", ["optimizer", "optimizer_variants"], op: "sgd") { x in
      [
        SGD(learningRate: x), SGD(momentum: x), SGD(weightDecay: x), SGD(dampening: x),
        SGD(momentum: x, nesterov: true), SGD(momentum: 0.9, dampening: x),
        SGD(momentum: 0.9, weightDecay: x, decay: .decoupled),
      ]
    },
    row("AdaGrad", ["optimizer", "optimizer_variants"], op: "adaGrad") { x in
      [
        AdaGrad(learningRate: x), AdaGrad(epsilon: x), AdaGrad(rateDecay: x),
        AdaGrad(initialSum: x), AdaGrad(weightDecay: x, decay: .l1),
      ]
    },
    row("RMSProp", ["optimizer", "optimizer_variants"], op: "rmsProp") { x in
      [
        RMSProp(learningRate: x), RMSProp(alpha: x), RMSProp(epsilon: x), RMSProp(momentum: x),
        RMSProp(weightDecay: x, centered: true),
      ]
    },
    row("AdaDelta", ["optimizer", "optimizer_variants"], op: "adaDelta") { x in
      [
        AdaDelta(learningRate: x), AdaDelta(rho: x), AdaDelta(epsilon: x),
        AdaDelta(weightDecay: x),
      ]
    },
    row("Lion", ["optimizer_variants"], op: "lion") { x in
      [Lion(learningRate: x), Lion(beta1: x), Lion(beta2: x), Lion(weightDecay: x)]
    },
  ]

  private static let adamFamily: [VocabularyRow] = [
    row("Adam", ["optimizer", "optimizer_variants"], op: "adam") { adam($0, Adam.self) },
    VocabularyRow(
      .optimizer, "AdamW",
      proofs: [
        .goldens("optimizer", op: "adamW") { c in try check(c) },
        .goldens("optimizer_variants", op: "adam") { c in try checkDecoupled(c) },
        .goldens("optimizer_combinations", op: "adam") { c in try checkDecoupled(c) },
      ]
    ) { bad in abuse(&bad) { adam($0, AdamW.self) } },
    row("AMSGrad", ["optimizer", "optimizer_variants"], op: "amsGrad") { adam($0, AMSGrad.self) },
    row("Adamax", ["optimizer", "optimizer_variants"], op: "adamax") { adam($0, Adamax.self) },
    row("NAdam", ["optimizer", "optimizer_variants"], op: "nadam") {
      adam($0, NAdam.self) + [NAdam(momentumDecay: $0)]
    },
    row("RAdam", ["optimizer_variants"], op: "radam") { adam($0, RAdam.self) },
    row("LAMB", ["optimizer_variants"], op: "lamb") { adam($0, LAMB.self) },
  ]

  private static func adam(_ x: Double, _ rule: (some AdamFamily).Type) -> [any Optimizer] {
    [
      rule.init(learningRate: x), rule.init(beta1: x), rule.init(beta2: x), rule.init(epsilon: x),
      rule.init(weightDecay: x), rule.init(weightDecay: x, decay: .l1),
      rule.init(beta1: x, beta2: x, weightDecay: x, decay: .decoupled),
    ]
  }

  private static func row(
    _ name: String, _ families: [String], op: String,
    _ make: @escaping @Sendable (Double) -> [any Optimizer]
  ) -> VocabularyRow {
    let all = families + ["optimizer_combinations"]
    return VocabularyRow(
      .optimizer, name, proofs: all.map { .goldens($0, op: op) { c in try check(c) } }
    ) { bad in abuse(&bad, make) }
  }

  private static func check(_ c: GoldenCase) throws {
    guard let optimizer = OptimizerGoldens.make[c.op]?(c) else { throw NoOptimizer(name: c.op) }
    if c.inputs.count == 2 {
      try OptimizerGoldens.checkGiven(c, optimizer)
    } else {
      try OptimizerGoldens.checkVariant(c, optimizer)
    }
  }

  /// Checks AdamW where a golden of Adam has decoupled decay, which is its own.
  private static func checkDecoupled(_ c: GoldenCase) throws {
    guard c.word("decay") == "decoupled" else { return }
    let rule = AdamW(
      learningRate: c.double("learningRate"), beta1: c.double("beta1"),
      beta2: c.double("beta2"), epsilon: c.double("epsilon"),
      weightDecay: c.double("weightDecay"))
    try OptimizerGoldens.checkVariant(c, rule)
  }

  private struct NoOptimizer: Error { let name: String }

  /// Settings that are no numbers, operands that do not fit, and steps that have not come yet.
  private static func abuse(
    _ bad: inout BadInput, _ make: (Double) -> [any Optimizer]
  ) {
    let x = BadInput.filled([2, 3])
    for number in BadInput.numbers {
      for optimizer in make(number) {
        for step in BadInput.sizes { _ = optimizer.scalars(rate: number, step: step) }
        bad.attempt("\(optimizer) \(number)") {
          let model = Dense(2, inputs: 3, useBias: false)
          try model.build(TensorType(.float32, [1, 3]), seed: 0)
          var state = OptimizerState(optimizer, for: model)
          try state.update([x])
        }
        // Wrong operands are wrong whatever the settings.
        for operand in number == 0.5 ? BadInput.few : [] {
          bad.call("\(optimizer) \(number)", [operand], named: false) { tensors in
            let scalars = Tensor(optimizer.scalars(rate: 0.1, step: 1), dtype: .float32)
            let decay = WeightDecay(0.1, optimizer.decay)
            let state = optimizer.slots.map { _ in x }
            let (p, new) = optimizer.update(
              x, gradient: tensors[0], state: state, scalars: scalars, decay: decay)
            return [p] + new.prefix(1)
          }
          bad.attempt("\(optimizer.name) gradient \(operand.name)") {
            let model = Dense(2, inputs: 3, useBias: false)
            try model.build(TensorType(.float32, [1, 3]), seed: 0)
            var state = OptimizerState(optimizer, for: model)
            try state.update([operand.tensor])
          }
        }
      }
    }
  }
}
