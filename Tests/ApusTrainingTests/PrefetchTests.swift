import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("prefetch") struct PrefetchTests {
  @Test("batches prepared on another thread train to the same bits")
  func sameBits() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.normal([50, 6], key: RandomKey(seed: 3))
      let y = Tensor((0..<50).map { Int32($0 % 3) })
      let data = try TensorDataset(inputs: x, targets: y)
      func run(_ prefetch: DataLoader.Prefetch) throws -> [[UInt8]] {
        let loader = try DataLoader(data, batchSize: 8, shuffleSeed: 5, prefetch: prefetch)
        let model = MLP([7, 3])
        try Trainer(model, loss: .crossEntropy, seed: 2)
          .fit(loader, epochs: 3, validation: loader, progress: .silent)
        return try model.parameters.map { try $0.parameter.value.bytes() }
      }
      #expect(try run(.off) == run(.batches(3)))
    }
  }
}
