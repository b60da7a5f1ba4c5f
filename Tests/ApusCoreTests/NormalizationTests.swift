import ApusCore
import ApusTestSupport
import Testing

@Suite("normalization") struct NormalizationTests {
  @Test("layer norm agrees with PyTorch")
  func layerNorm() throws {
    for golden in try goldens("normalization", op: "layerNorm") {
      try checkGolden(golden, relative: 1e-8) {
        [
          $0[0].layerNormalized(
            axisCount: golden.ints("axes").count, gamma: $0[1], beta: $0[2],
            epsilon: golden.double("epsilon"))
        ]
      }
    }
  }

  @Test("root mean square norm agrees with PyTorch, and its gradient with central differences")
  func rmsNorm() throws {
    for golden in try goldens("normalization", op: "rmsNorm") {
      try checkGolden(golden, relative: 1e-8) {
        [
          $0[0].rmsNormalized(
            axisCount: golden.ints("axes").count, gamma: $0[1], epsilon: golden.double("epsilon"))
        ]
      }
    }
    try expectGradient(of: [[2, 3, 4], [4]], seed: 8, tolerance: 1e-5) {
      $0[0].rmsNormalized(gamma: $0[1])
    }
  }

  @Test("group norm agrees with PyTorch")
  func groupNorm() throws {
    for golden in try goldens("normalization", op: "groupNorm") {
      try checkGolden(golden, relative: 1e-8) {
        [
          $0[0].groupNormalized(
            groups: golden.int("groups"), gamma: $0[1], beta: $0[2],
            epsilon: golden.double("epsilon")
          ).result
        ]
      }
    }
    try expectGradient(of: [[2, 3, 4]], seed: 9, tolerance: 1e-5) {
      let (y, mean, variance) = $0[0].groupNormalized(groups: 2)
      return y.sum(axes: [1, 2]) + (variance + mean).sum(axes: [1])
    }
  }

  @Test("batch norm agrees with PyTorch in training and inference")
  func batchNorm() throws {
    for golden in try goldens("normalization", op: "batchNorm") {
      let (epsilon, momentum) = (golden.double("epsilon"), golden.double("momentum"))
      try checkGolden(golden, relative: 1e-8) { inputs in
        let (x, gamma, beta, mean, variance) = (
          inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]
        )
        guard golden.truth("training") else {
          return [
            x.batchNormalized(
              mean: mean, variance: variance, gamma: gamma, beta: beta, epsilon: epsilon)
          ]
        }
        let batch = x.batchNormalized(gamma: gamma, beta: beta, epsilon: epsilon)
        let count = Double(x.count / x.shape[-1])
        let unbiased = batch.variance * (count / (count - 1))
        return [
          batch.result, (1 - momentum) * mean + momentum * batch.mean,
          (1 - momentum) * variance + momentum * unbiased,
        ]
      }
    }
  }

  @Test("gradient agrees with central differences at both orders")
  func gradient() throws {
    try expectGradient(of: [[2, 3, 4], [4], [4]], seed: 3, tolerance: 1e-5) {
      $0[0].layerNormalized(gamma: $0[1], beta: $0[2])
    }
    try expectGradient(of: [[3, 2, 2], [2, 2]], seed: 4, tolerance: 1e-5) {
      $0[0].layerNormalized(axisCount: 2, gamma: $0[1])
    }
    try expectGradient(of: [[4, 3], [3], [3]], seed: 5, tolerance: 1e-5) {
      $0[0].batchNormalized(gamma: $0[1], beta: $0[2]).result
    }
    try expectGradient(of: [[2, 3, 3], [3]], seed: 6, tolerance: 1e-5) {
      let (y, mean, variance) = $0[0].batchNormalized(gamma: $0[1])
      return y * variance + mean
    }
    try expectGradient(of: [[2, 3], [3], [3], [3]], in: 0.5..<1.5, seed: 7, tolerance: 1e-5) {
      $0[0].batchNormalized(mean: $0[1], variance: $0[2], gamma: $0[3])
    }
  }

  @Test("refusals name the operand that does not fit")
  func refusals() {
    let x = standIn(.float32, [4, 3])
    expectRefusal(
      x.layerNormalized(gamma: standIn(.float32, [4]), file: "App/Model.swift", line: 9),
      """
      layerNorm: gamma must be f32[3], not f32[4]
        x: f32[4, 3]
        gamma: f32[4]
        beta: f32[3]
        called at App/Model.swift:9
      """)
    #expect(x.layerNormalized(axisCount: 3).error?.reason == "axisCount 3 is outside 1...2")
    #expect(
      x.batchNormalized(beta: standIn(.float64, [3])).result.error?.reason
        == "beta must be f32[3], not f64[3]")
    #expect(
      standIn(.float32, [3]).batchNormalized().result.error?.reason
        == "needs x[N…, C] of rank 2 or more: the rank is 1")
    #expect(
      standIn(.float32, [0, 3]).batchNormalized().result.error?.reason
        == "[0, 3] has no elements to take a mean of")
    #expect(
      x.batchNormalized(mean: standIn(.float32, [2]), variance: standIn(.float32, [3])).error?
        .reason
        == "mean must be f32[3], not f32[2]")
  }
}
