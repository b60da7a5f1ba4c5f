import ApusCore
import ApusModels
import ApusNN
import Testing

@Suite("summary") struct SummaryTests {
  @Test("LeNet-5 has 61,706 parameters and 416,520 multiply-adds")
  func leNet() throws {
    let summary = try LeNet5().summary(for: TensorType(.float32, [1, 28, 28, 1]))
    #expect(summary.parameterCount == 61_706)
    #expect(summary.rows.reduce(0) { $0 + $1.parameters } == 61_706)
    let convolutions = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150
    #expect(summary.multiplyAdds == convolutions + 400 * 120 + 120 * 84 + 84 * 10)
    let second = try #require(summary.rows.first { $0.path == "conv2" })
    #expect(second.output == TensorType(.float32, [1, 10, 10, 16]))
    #expect(second.parameters == 16 * 6 * 25 + 16)
    #expect(second.activationBytes == 1600 * 4)
  }

  @Test("the table is exact text")
  func table() throws {
    let summary = try IrisNet().summary(for: TensorType(.float32, [2, 4]))
    #expect(
      summary.description == """
        layer                          output      parameters  multiply-adds  activation bytes
        ──────────────────────────────────────────────────────────────────────────────────────
        hidden1  Dense(4 → 30, relu)   f32[2, 30]         150            240               240
        hidden2  Dense(30 → 16, relu)  f32[2, 16]         496            960               128
        output   Dense(16 → 3)         f32[2, 3]           51             96                24
        (model)  IrisNet               f32[2, 3]            0              0                 0
        ──────────────────────────────────────────────────────────────────────────────────────
        total                                             697          1,296               392
        """)
  }

  @Test("a shared layer counts once; frozen parameters are told apart")
  func shared() throws {
    let shared = Dense(4)
    let model = Sequential([shared, shared])
    shared.bias?.isTrainable = false
    let summary = try model.summary(for: TensorType(.float32, [1, 4]))
    #expect(summary.parameterCount == 20)
    #expect(summary.trainableCount == 16)
  }

  @Test("a model that cannot take the input says why")
  func refusal() {
    #expect(throws: TensorError.self) {
      try LeNet5().summary(for: TensorType(.float32, [1, 28, 28]))
    }
  }
}
