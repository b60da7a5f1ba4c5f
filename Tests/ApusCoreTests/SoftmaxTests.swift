import ApusCore
import ApusTestSupport
import Testing

@Suite("softmax") struct SoftmaxTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("softmax", op: "softmax") {
      try checkGolden(golden) { [$0[0].softmax(axis: golden.int("axis"))] }
    }
    for golden in try goldens("softmax", op: "logSoftmax") {
      try checkGolden(golden) { [$0[0].logSoftmax(axis: golden.int("axis"))] }
    }
  }

  @Test("gradient agrees with central differences at both orders", arguments: [0, 1, -1])
  func gradient(_ axis: Int) throws {
    try expectGradient(of: [[2, 3, 4]], seed: 3) { $0[0].softmax(axis: axis) }
    try expectGradient(of: [[2, 3, 4]], seed: 4) { $0[0].logSoftmax(axis: axis) }
  }

  @Test("large and infinite logits give finite probabilities")
  func extremes() throws {
    let x = Tensor([1000.0, 1000, -.infinity, -1000], shape: [1, 4])
    try onExecutors {
      try expectClose(x.softmax(), [0.5, 0.5, 0, 0])
      let log = try x.logSoftmax().scalars(as: Double.self)
      #expect(log[2] == -.infinity && abs(log[0] + 0.6931471805599453) < 1e-12)
    }
  }

  @Test("refusals name the axis, the dtype and the rank")
  func refusals() {
    expectRefusal(
      standIn(.float32, [2, 3]).softmax(axis: 2, file: "App/Model.swift", line: 3),
      """
      softmax: axis 2 is out of range for rank 2
        a: f32[2, 3]
        called at App/Model.swift:3
      """)
    #expect(standIn(.int32, [2]).softmax().error?.reason == "needs a floating dtype, not i32")
    #expect(standIn(.float32, [2, 0]).logSoftmax().error?.reason == "axis 1 is empty")
  }
}
