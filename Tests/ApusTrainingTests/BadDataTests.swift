import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("bad training data") struct BadDataTests {
  @Test("NaN in the inputs is refused before it reaches a parameter")
  func nan() throws {
    try TestExecutor.cpu.run {
      var values = Array(repeating: Float(0.5), count: 24)
      values[14] = .nan
      let x = Tensor(values, shape: [8, 3])
      let y = Tensor([0, 1, 0, 1, 0, 1, 0, 1] as [Int32])
      let model = MLP([4, 2])
      try model.build(x.type, seed: 1)
      let before = try model.parameters.map { try $0.parameter.value.bytes() }
      let trainer = Trainer(model, loss: .crossEntropy)
      let line = #line + 2
      let run = {
        try trainer.fit(x, y, epochs: 1, batchSize: 8, shuffles: false, progress: .silent)
      }
      let error = #expect(throws: TensorError.self) { try run() }
      #expect(
        error?.description == """
          fit: the data hold NaN: column inputs, sample 4 of batch 0
            inputs: f32[8, 3]
            called at ApusTrainingTests/BadDataTests.swift:\(line)
          """)
      #expect(try model.parameters.map { try $0.parameter.value.bytes() } == before)
      #expect(throws: TensorError.self) {
        try trainer.evaluate(TensorDataset(inputs: x, targets: y))
      }
    }
  }
}
