import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("options of updates in the trainer") struct UpdateOptionsTrainingTests {
  static let everything = UpdateOptions(
    groups: [
      .vectors(weightDecay: .zero), ParameterGroup("layers.0.**", rate: 0.5),
      ParameterGroup("layers.1.bias", weightDecay: .l1(0.01), isClipped: false),
    ], clipping: .globalNorm(0.5), average: .exponential(decay: 0.8, start: .warmUp),
    constraints: [.maximumNorm(1.5, of: "**.weight")], penalties: [.ridge(0.01), .lasso(0.001)])

  private func model(_ input: TensorType) throws -> MLP {
    let model = MLP([6, 3], activation: .tanh)
    try model.build(input, seed: 9)
    return model
  }

  private func values(_ model: some Module) throws -> [Double] {
    try model.parameters.flatMap { try $0.parameter.value.scalars(as: Double.self) }
  }

  @Test("steps of fit with every option agree with hand-written ones")
  func handWritten() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let options = Self.everything
      for optimizer in [AdamW(learningRate: 0.05), LAMB(learningRate: 0.05)] as [any Optimizer] {
        let a = try model(x.type)
        let trainer = Trainer(a, loss: .crossEntropy, optimizer: optimizer, options: options)
        try trainer.fit(x, y, epochs: 5, batchSize: 12, shuffles: false, progress: .silent)
        let b = try model(x.type)
        var state = OptimizerState(optimizer, for: b, options: options)
        for _ in 0..<5 {
          let (_, gradients) = b.valueAndGradients {
            let loss = Loss.crossEntropy(b(x, Context(isTraining: true)), y)
            return b.penalty(options.penalties).map { loss + $0 } ?? loss
          }
          try state.update(gradients)
        }
        expectClose(try values(a), try values(b), absolute: 1e-6, relative: 1e-5)
        let (ours, theirs) = (trainer.averages, state.averages)
        #expect(Set(ours.keys) == Set(theirs.keys) && ours.count == 4)
        for (path, value) in ours {
          try expectClose(
            value, theirs[path]?.scalars(as: Double.self) ?? [], absolute: 1e-6, relative: 1e-5)
        }
      }
    }
  }

  @Test("k gathered batches move parameters as one batch of all their samples does")
  func accumulation() throws {
    try TestExecutor.cpu.run {
      // 22 samples in batches of 4: updates see 12 and 10, the last batch 2.
      let (x, y) = try blobs(22)
      func fit(_ batchSize: Int, _ accumulation: Int) throws -> (Trainer, [Double], History) {
        let model = try model(x.type)
        var options = Self.everything
        options.accumulation = accumulation
        options.penalties = []
        let trainer = Trainer(
          model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.05), options: options,
          precision: .float32)
        let history = try trainer.fit(
          x, y, epochs: 4, batchSize: batchSize, shuffles: false, progress: .silent)
        return (trainer, try values(model), history)
      }
      let (gathered, a, history) = try fit(4, 3)
      let (whole, b, other) = try fit(12, 1)
      #expect(gathered.step == 8 && whole.step == 8)
      expectClose(a, b, absolute: 2e-6, relative: 2e-5)
      expectClose(history["loss"], other["loss"], absolute: 1e-6, relative: 1e-5)
      for (path, value) in gathered.averages {
        try expectClose(
          value, whole.averages[path]?.scalars(as: Double.self) ?? [], absolute: 2e-6,
          relative: 2e-5)
      }
    }
  }

  @Test("batches that are gathered have random numbers of their own")
  func keys() throws {
    try TestExecutor.cpu.run {
      final class Sampler: Layer {
        let scale = Parameter(Tensor.ones([1]))
        func forward(_ x: Tensor, _ context: Context) -> Tensor {
          guard context.isTraining else { return x * scale.value }
          return scale.value * Tensor.normal([1, 64], key: context.nextKey())
        }
      }
      // The gradient of the mean of s·z is the mean of z: clearly not the same for each batch.
      let model = Sampler()
      let mean = Loss("mean") { prediction, _ in prediction.mean() }
      var found: [Double] = []
      let trainer = Trainer(
        model, loss: mean, optimizer: SGD(learningRate: 0),
        options: UpdateOptions(accumulation: 3))
      try trainer.fit(
        Tensor.zeros([6, 64]), Tensor.zeros([6]), epochs: 2, batchSize: 1, shuffles: false,
        callbacks: [ClosureCallback(batchEnded: { found.append($0.loss * Double($0.batch)) })],
        progress: .silent)
      var each: [Double] = []
      for epoch in 0..<2 {
        for batch in 0..<6 {
          let before = batch == 0 ? 0 : found[epoch * 6 + batch - 1]
          each.append(found[epoch * 6 + batch] - before)
        }
      }
      #expect(Set(each.map { Int(($0 * 1e5).rounded()) }).count == 12, "\(each)")
    }
  }

  @Test("what a run that was stopped had gathered does not go into the next run")
  func stopped() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(24)
      func fit(stoppingAfter batches: Int) throws -> [Double] {
        let model = try model(x.type)
        let trainer = Trainer(
          model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.05),
          options: UpdateOptions(accumulation: 3))
        let stop = ClosureCallback(batchEnded: { run in
          if run.batch == batches { run.stop("enough") }
        })
        try trainer.fit(
          x, y, epochs: 1, batchSize: 4, shuffles: false, callbacks: [stop], progress: .silent)
        #expect(trainer.step == batches / 3)
        try trainer.fit(x, y, epochs: 1, batchSize: 4, shuffles: false, progress: .silent)
        return try values(model)
      }
      let whole = try fit(stoppingAfter: 3)
      #expect(try fit(stoppingAfter: 4) == whole)
      #expect(try fit(stoppingAfter: 5) == whole)
    }
  }

  @Test("frozen groups stay, and take no memory; the rest moves")
  func frozen() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let model = try model(x.type)
      let before = try model.parameters.map { try $0.parameter.value.bytes() }
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.1),
        options: UpdateOptions(
          groups: [ParameterGroup("layers.0.*", isFrozen: true)],
          average: .exponential(decay: 0.5)))
      try trainer.fit(x, y, epochs: 2, batchSize: 4, progress: .silent)
      let after = try model.parameters.map { try $0.parameter.value.bytes() }
      #expect(zip(before, after).map { $0 == $1 } == [true, true, false, false])
      #expect(trainer.averages.keys.sorted() == ["layers.1.bias", "layers.1.weight"])
    }
  }

  @Test("validation and evaluation with averages leave the weights as they were")
  func averages() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(24)
      let data = try TensorDataset(inputs: x, targets: y)
      func trainer(_ isValidated: Bool) throws -> Trainer {
        Trainer(
          try model(x.type), loss: .crossEntropy, optimizer: SGD(learningRate: 0.5),
          options: UpdateOptions(average: .exponential(decay: 0.9, isValidated: isValidated)))
      }
      let (plain, averaged) = (try trainer(false), try trainer(true))
      var figures: [Double] = []
      func fit(_ trainer: Trainer, _ callbacks: [any Callback] = []) throws -> History {
        try trainer.fit(
          data, epochs: 3, batchSize: 6, validation: data, callbacks: callbacks, progress: .silent)
      }
      let history = try fit(
        plain,
        [
          ClosureCallback(epochEnded: { run, _ in
            // During the run too.
            figures.append(
              try run.trainer.withAverages {
                let loss = Loss.crossEntropy(run.model(x), y)
                return try loss.scalar(as: Double.self)
              })
          })
        ])
      let other = try fit(averaged)
      #expect(try values(plain.model) == values(averaged.model))
      #expect(history["loss"] == other["loss"])
      #expect(history["val_loss"] != other["val_loss"])
      expectClose(figures, other["val_loss"], absolute: 1e-6, relative: 1e-5)
      let now = try values(plain.model)
      let after = try plain.withAverages { try plain.evaluate(data)["loss"] ?? 0 }
      expectClose([after], [other["val_loss"][2]], absolute: 1e-6, relative: 1e-6)
      #expect(try values(plain.model) == now)
      struct Stop: Error {}
      #expect(throws: Stop.self) { try plain.withAverages { throw Stop() } }
      #expect(try values(plain.model) == now)
    }
  }

  @Test("penalties are part of the loss that is reported, in training and evaluation")
  func penalties() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let data = try TensorDataset(inputs: x, targets: y)
      let model = try model(x.type)
      let plain = try Trainer(model, loss: .crossEntropy).evaluate(data)["loss"] ?? 0
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: SGD(learningRate: 0),
        options: UpdateOptions(penalties: [.lasso(0.5, on: "layers.0.weight"), .ridge(0.25)]))
      var expected = plain
      for (path, parameter) in model.parameters where path.hasSuffix("weight") {
        let w = try parameter.value.scalars(as: Double.self)
        expected += 0.25 * w.map { $0 * $0 }.reduce(0, +)
        if path == "layers.0.weight" { expected += 0.5 * w.map(abs).reduce(0, +) }
      }
      let figures = try trainer.evaluate(data)
      expectClose([figures["loss"] ?? 0], [expected], absolute: 1e-6, relative: 1e-6)
      let history = try trainer.fit(x, y, epochs: 1, batchSize: 12, progress: .silent)
      expectClose(history["loss"], [expected], absolute: 1e-6, relative: 1e-6)
    }
  }

  @Test("noise changes the path, by the seed, and fades")
  func noise() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      func path(_ noise: GradientNoise?, seed: UInt64 = 0) throws -> [Double] {
        let model = try model(x.type)
        try Trainer(
          model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.1),
          options: UpdateOptions(noise: noise), seed: seed
        ).fit(x, y, epochs: 2, batchSize: 12, shuffles: false, progress: .silent)
        return try values(model)
      }
      let noise = GradientNoise(variance: 0.1)
      #expect(try path(noise) == path(noise))
      #expect(try path(noise) != path(noise, seed: 1))
      #expect(try path(noise) != path(nil))
      #expect(try path(GradientNoise(variance: 0)) == path(nil))
      #expect(noise.deviation(at: 0) == 0.1.squareRoot())
      #expect(noise.deviation(at: 999) < noise.deviation(at: 0) / 6)
    }
  }

  @Test("mistakes in options, schedules and plateaus are told before a run begins")
  func refusals() throws {
    let (x, y) = (Tensor.zeros([4, 2]), Tensor([Int32(0), 1, 0, 1]))
    func mistake(_ options: UpdateOptions, _ schedule: Schedule = .constant) -> String {
      let error = #expect(throws: TensorError.self) {
        try Trainer(MLP([2]), loss: .crossEntropy, schedule: schedule, options: options)
          .fit(x, y, epochs: 1, progress: .silent)
      }
      return error?.reason ?? ""
    }
    #expect(
      mistake(UpdateOptions(groups: [ParameterGroup("a.*", rate: .nan)]))
        == "rate nan of group \"a.*\" is not a finite number from 0")
    #expect(
      mistake(UpdateOptions(accumulation: 0))
        == "accumulation over 0 batches is not a number from 1 to 2^32")
    #expect(
      mistake(UpdateOptions(average: .exponential(decay: 1)))
        == "decay 1.0 is not a number from 0 and below 1")
    #expect(
      mistake(UpdateOptions(), .step(every: 0))
        == "step(every: 0, gamma: 0.1): every 0 is not a positive number")
    #expect(
      throws: TensorError(
        operation: "Plateau", reason: "factor 1.0 is not a number from 0 and below 1")
    ) {
      try ReduceLearningRateOnPlateau(factor: 1)
    }
  }

  @Test("the example of the article runs")
  func article() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(32)
      let train = try TensorDataset(inputs: x, targets: y)
      let model = MLP([8, 3])
      let options = UpdateOptions(
        groups: [
          .vectors(weightDecay: .zero),
          ParameterGroup("layers.0.**", rate: 0.1),
        ],
        clipping: .globalNorm(1), accumulation: 4,
        average: .exponential(decay: 0.999, start: .warmUp))
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: AdamW(learningRate: 3e-4, weightDecay: 0.05),
        schedule: .cosine(steps: 900).warmedUp(steps: 100), options: options)
      try trainer.fit(train, epochs: 10, progress: .silent)
      let figures = try trainer.withAverages { try trainer.evaluate(train) }
      #expect(figures["loss"]?.isFinite == true)
      var state = OptimizerState(AdamW(learningRate: 3e-4), for: model, options: options)
      let context = Context(isTraining: true, key: RandomKey(seed: 1))
      let (loss, gradients) = model.valueAndGradients { Loss.crossEntropy(model(x, context), y) }
      #expect(loss.error == nil)
      try state.update(gradients)
      try context.applyUpdates()
    }
  }
}
