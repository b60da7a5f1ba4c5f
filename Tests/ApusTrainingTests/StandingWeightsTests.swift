import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

/// What a plan keeps of weights must follow them, whoever changes them.
@Suite("weights that stand") struct StandingWeightsTests {
  private let x = Tensor.uniform([12, 24], in: -1..<1, key: RandomKey(seed: 5))
  private let y = Tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2] as [Int32])

  private func model(_ seed: UInt64) throws -> MLP {
    let model = MLP([64, 48, 3])
    try model.build(x.type, seed: seed)
    return model
  }

  private func trainer(_ model: MLP) -> Trainer {
    Trainer(model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.05), metrics: [.accuracy])
  }

  /// Checks predictions and figures against the model's weights as they are read now.
  private func check(_ trainer: Trainer, _ model: MLP, _ comment: Comment) throws {
    let (expected, loss) = try TestExecutor.reference.run {
      let p = model(x)
      return (
        try p.scalars(as: Float.self).map { Double($0) },
        try Loss.crossEntropy(p, y).scalar(as: Double.self)
      )
    }
    try expectClose(trainer.predict(x), expected, absolute: 1e-5, relative: 1e-5, comment)
    let figures = try trainer.evaluate(TensorDataset(inputs: x, targets: y))
    expectClose([figures["loss"] ?? .nan], [loss], absolute: 1e-5, relative: 1e-5, comment)
  }

  @Test("predictions follow training, assignment and transfer, with two models in turns")
  func follow() throws {
    try TestExecutor.cpu.run {
      let (a, b) = (try model(1), try model(2))
      let (first, second) = (trainer(a), trainer(b))
      for round in 0..<3 {
        try check(first, a, "first, round \(round)")
        try check(second, b, "second, round \(round)")
        try first.fit(x, y, epochs: 1, batchSize: 4, progress: .silent)
      }
      try check(first, a, "trained")
      for (from, to) in zip(a.parameters, b.parameters) {
        try to.parameter.assign(from.parameter.value * 0.5)
      }
      try check(second, b, "assigned")
      try check(first, a, "left alone")
    }
  }

  @Test("validation inside a run sees the weights of its epoch")
  func validation() throws {
    try TestExecutor.cpu.run {
      let model = try model(3)
      let trainer = trainer(model)
      let data = try TensorDataset(inputs: x, targets: y)
      for _ in 0..<2 {
        let history = try trainer.fit(
          data, epochs: 3, batchSize: 4, validation: data, progress: .silent)
        let figures = try trainer.evaluate(data)
        expectClose([history["val_loss"][2]], [figures["loss"] ?? .nan], absolute: 1e-6)
        #expect(history["val_loss"][0] != history["val_loss"][1])
        try check(trainer, model, "after a run")
      }
    }
  }

  @Test("frozen weights of a training step are seen when they change")
  func frozen() throws {
    try TestExecutor.cpu.run {
      func run(_ later: (MLP) throws -> Void) throws -> [Double] {
        let model = try model(4)
        model.parameters[0].parameter.isTrainable = false
        let trainer = trainer(model)
        try trainer.fit(x, y, epochs: 1, batchSize: 12, progress: .silent)
        try later(model)
        return try trainer.fit(x, y, epochs: 1, batchSize: 12, progress: .silent)["loss"]
      }
      let same = try run { _ in }
      let changed = try run {
        try $0.parameters[0].parameter.assign($0.parameters[0].parameter.value * 2)
      }
      #expect(same != changed)
      #expect(try run { _ in } == same)
    }
  }
}
