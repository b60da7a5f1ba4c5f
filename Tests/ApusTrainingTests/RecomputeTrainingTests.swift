import ApusCore
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("training with recomputed, frozen and exchanged parts") struct RecomputeTrainingTests {
  private func block() -> Sequential {
    Sequential {
      Dense(8, activation: .tanh)
      Dropout(0.2)
      BatchNorm()
    }
  }

  private func values(_ model: Sequential) throws -> [[UInt8]] {
    try model.namedTensors().map { try $0.tensor.bytes() }
  }

  @Test("fit gives the same bits with and without Recompute")
  func sameBits() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      func run(_ wrap: (any Layer) -> any Layer) throws -> [[UInt8]] {
        let model = Sequential([wrap(block()), wrap(block()), Dense(3)])
        try Trainer(model, loss: .crossEntropy, seed: 5)
          .fit(x, y, epochs: 2, batchSize: 8, progress: .silent)
        return try values(model)
      }
      let plain = try run { $0 }
      let wrapped = try run { Recompute($0) }
      #expect(plain == wrapped)
    }
  }

  @Test("a frozen body with fixed statistics stays as it is while a new head learns")
  func fineTuning() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      let trained = block().appending { Dense(5) }
      try trained.build(x.type, seed: 1)
      try trained.setTrainable(false, matching: "**")
      try trained.fixStatistics()
      let model = try trained.replacing(at: -1, with: Dense(3))
      let before = try values(try trained.dropLast())
      let history = try Trainer(model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.1))
        .fit(x, y, epochs: 6, batchSize: 10, progress: .silent)
      #expect(history["loss"][5] < history["loss"][0])
      #expect(try values(try trained.dropLast()) == before)
      #expect(model.trainableParameterCount == 8 * 3 + 3)
    }
  }

  @Test("a part that no property holds is an error of fit")
  func stray() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(10)
      let captured = Dense(3)
      let model = Sequential {
        Dense(4)
        Lambda { captured($0) }
      }
      let error = #expect(throws: TensorError.self) {
        try Trainer(model, loss: .crossEntropy).fit(x, y, epochs: 1, progress: .silent)
      }
      #expect(error?.reason.hasPrefix("its parameters would not be trained") == true)
    }
  }
}
