import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("mixed precision") struct MixedPrecisionTests {
  /// Images of four kinds under noise.
  private func images(_ count: Int) throws -> (x: Tensor, y: Tensor) {
    let kinds = Tensor.normal([4, 8, 8, 3], key: RandomKey(seed: 1))
    let labels = Tensor((0..<count).map { Int32($0 % 4) })
    let noise = Tensor.normal([count, 8, 8, 3], key: RandomKey(seed: 2))
    return (kinds.gathered(labels) + noise, labels)
  }

  private func model() -> Sequential {
    Sequential {
      Conv2D(16, kernel: 3, padding: .symmetric(1), useBias: false)
      ApusNN.BatchNorm()
      Activation.relu
      Conv2D(32, kernel: 3, stride: 2, padding: .symmetric(1))
      ApusNN.BatchNorm()
      Activation.relu
      GlobalAvgPool2D()
      Dense(32, activation: .gelu)
      Dense(4)
    }
  }

  private func train(
    _ precision: Precision, _ configuration: CPUConfiguration
  ) throws -> (loss: [Double], state: [[Double]]) {
    try Executors.with(CPUExecutor(configuration)) {
      let (x, y) = try images(96)
      let model = model()
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.05, momentum: 0.9), seed: 5,
        precision: precision)
      let history = try trainer.fit(x, y, epochs: 16, batchSize: 32, progress: .silent)
      let norms = [1, 4].compactMap { model.layers[$0] as? ApusNN.BatchNorm }
      let buffers = norms.flatMap { [$0.runningMean, $0.runningVariance].compactMap { $0?.value } }
      #expect(buffers.allSatisfy { $0.dtype == .float32 })
      return (history["loss"], try buffers.map { try $0.scalars(as: Float.self).map(Double.init) })
    }
  }

  @Test("the loss follows that of float32 within 3% of its start, statistics within 2%")
  func curve() throws {
    for usesOneDNN in [true, false] {
      let configuration = CPUConfiguration(threads: 1, usesOneDNN: usesOneDNN)
      let single = try train(.float32, configuration)
      let mixed = try train(.mixedBFloat16, configuration)
      #expect(single.loss[15] < single.loss[0] / 2)
      expectClose(mixed.loss, single.loss, absolute: 0.03 * single.loss[0], relative: 0)
      for (a, b) in zip(mixed.state, single.state) {
        let largest = b.reduce(0) { max($0, abs($1)) }
        expectClose(a, b, absolute: 0.02 * largest, relative: 0)
      }
    }
  }

  @Test("the same seed gives the same bits")
  func sameBits() throws {
    let configuration = CPUConfiguration(threads: 2)
    let first = try train(.mixedBFloat16, configuration)
    let second = try train(.mixedBFloat16, configuration)
    #expect(first.loss == second.loss)
    #expect(first.state == second.state)
  }
}
