import ApusCore
import ApusTestSupport
import Testing

@Suite("cross entropy") struct CrossEntropyTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("softmax", op: "crossEntropy") {
      try checkGolden(golden) { inputs in
        let weights = inputs.count > 2 ? inputs[2] : nil
        if golden.word("targets") == "probabilities" {
          let smoothing = golden.double("labelSmoothing")
          let targets = inputs[1] * (1 - smoothing) + smoothing / Double(inputs[0].shape[-1])
          let weighted = weights.map { targets * $0 } ?? targets
          let rows = softmaxCrossEntropy(logits: inputs[0], targets: weighted)
          return [golden.reduced(rows, divisor: Double(rows.count))]
        }
        let ignored = golden.attributes["ignoreIndex"] == nil ? nil : golden.int("ignoreIndex")
        let rows = softmaxCrossEntropy(
          logits: inputs[0], labels: inputs[1], classWeights: weights,
          labelSmoothing: golden.double("labelSmoothing"), ignoredLabel: ignored)
        // The mean divides by the weights of the labels that count.
        let labels = golden.inputs[1].values.map { Int($0) }.filter { $0 != ignored }
        let divisor = labels.reduce(0) { sum, label in
          sum + (weights == nil ? 1 : golden.inputs[2].values[label])
        }
        return [golden.reduced(rows, divisor: divisor)]
      }
    }
  }

  @Test("of a Bernoulli variable agrees with PyTorch")
  func binary() throws {
    for golden in try goldens("softmax", op: "binaryCrossEntropyWithLogits") {
      try checkGolden(golden) {
        let elements = sigmoidCrossEntropy(logits: $0[0], targets: $0[1])
        return [golden.reduced(elements, divisor: Double(elements.count))]
      }
    }
  }

  @Test(
    "gradient agrees with central differences at both orders",
    arguments: [
      (0.0, nil), (0.1, nil), (0.0, 2), (0.3, 0),
    ] as [(Double, Int?)])
  func gradient(_ smoothing: Double, _ ignored: Int?) throws {
    let labels = Tensor([Int32(0), 2, 1, 2], shape: [2, 2])
    try expectGradient(of: [[2, 2, 3]], seed: 3) {
      softmaxCrossEntropy(
        logits: $0[0], labels: labels, labelSmoothing: smoothing, ignoredLabel: ignored)
    }
    try expectGradient(of: [[2, 2, 3], [3]], seed: 4) {
      softmaxCrossEntropy(
        logits: $0[0], labels: labels, classWeights: $0[1], labelSmoothing: smoothing,
        ignoredLabel: ignored)
    }
    try expectGradient(of: [[2, 3], [2, 3]], seed: 5) {
      softmaxCrossEntropy(logits: $0[0], targets: $0[1])
    }
    try expectGradient(of: [[2, 3], [2, 3]], seed: 6) {
      sigmoidCrossEntropy(logits: $0[0], targets: $0[1])
    }
  }

  @Test("the gradient of a logit of 0 is ½ − target")
  func atZero() throws {
    let x = Tensor([0.0, 0], shape: [2])
    try onExecutors {
      let dx = ApusCore.gradient(at: x) {
        sigmoidCrossEntropy(logits: $0, targets: Tensor([0.0, 1], shape: [2])).sum()
      }
      try expectClose(dx, [0.5, -0.5])
    }
  }

  @Test("a label out of range is reported when the loss is evaluated")
  func labelOutOfRange() throws {
    let x = Tensor((0..<12).map { Double($0) }, shape: [4, 3])
    func run(_ labels: [Int32], ignoring: Int? = nil) throws -> [Double] {
      let y = Tensor(labels, shape: [4])
      let loss = softmaxCrossEntropy(logits: x, labels: y, ignoredLabel: ignoring)
      return try TestExecutor.cpu.run { try loss.scalars(as: Double.self) }
    }
    for labels in [[0, 1, 3, 2], [0, -1, 1, 2], [0, 1, 2, .max]] as [[Int32]] {
      #expect(throws: TensorError.self) { try run(labels) }
    }
    #expect(try run([0, -1, 1, 2], ignoring: -1)[1] == 0)
    let error = #expect(throws: TensorError.self) { try run([0, 1, 3, 2]) }
    #expect(error?.operation == "softmaxCrossEntropy")
    #expect(error?.reason.contains("3") == true)
  }

  @Test("refusals name shapes, dtypes and numbers")
  func refusals() {
    let x = standIn(.float32, [4, 3])
    expectRefusal(
      softmaxCrossEntropy(
        logits: x, labels: standIn(.int32, [4, 1]), file: "App/Model.swift", line: 9),
      """
      softmaxCrossEntropy: logits [4, 3] need labels of shape [4], not [4, 1]
        logits: f32[4, 3]
        labels: i32[4, 1]
        called at App/Model.swift:9
      """)
    let labels = standIn(.int32, [4])
    func reason(_ y: Tensor) -> String? { y.error?.reason }
    #expect(
      reason(softmaxCrossEntropy(logits: x, labels: standIn(.float32, [4])))
        == "labels must be integers, not f32")
    #expect(
      reason(softmaxCrossEntropy(logits: x, labels: labels, labelSmoothing: 1.5))
        == "labelSmoothing 1.5 is outside 0...1")
    #expect(
      reason(softmaxCrossEntropy(logits: x, labels: labels, classWeights: standIn(.float32, [4])))
        == "class weights must be f32[3], not f32[4]")
    #expect(
      reason(softmaxCrossEntropy(logits: x, targets: standIn(.float32, [3])))
        == "shapes differ: logits [4, 3], targets [3]")
    #expect(
      reason(sigmoidCrossEntropy(logits: x, targets: standIn(.float64, [4, 3])))
        == "dtypes differ: logits are f32, targets are f64")
  }
}

extension GoldenCase {
  /// The rows as the attribute `reduction` says.
  func reduced(_ rows: Tensor, divisor: Double) -> Tensor {
    switch word("reduction") {
    case "mean": rows.sum() / divisor
    case "sum": rows.sum()
    default: rows
    }
  }
}
