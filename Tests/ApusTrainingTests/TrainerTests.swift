import ApusCore
import ApusData
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@Suite("trainer") struct TrainerTests {
  @Test("fit learns, and its history holds every epoch")
  func learns() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(60)
      let trainer = Trainer(
        MLP([8, 3]), loss: .crossEntropy, optimizer: Adam(learningRate: 0.05),
        metrics: [.accuracy, .topK(2)], seed: 3)
      let history = try trainer.fit(x, y, epochs: 8, batchSize: 16, progress: .silent)
      #expect(history.epochs.map(\.number) == Array(1...8))
      #expect(history["loss"][7] < history["loss"][0] / 2)
      #expect(history["accuracy"][7] > 0.9)
      #expect(zip(history["top2"], history["accuracy"]).allSatisfy { $0 >= $1 })
      let figures = try trainer.evaluate(TensorDataset(inputs: x, targets: y))
      #expect((figures["accuracy"] ?? 0) > 0.9)
      #expect(trainer.step == 8 * 4)
      let p = try trainer.predict(x, batchSize: 7)
      #expect(p.shape == [60, 3])
      let accuracy = try Metric.accuracy(p, y).scalar(as: Double.self)
      #expect(abs(accuracy - (figures["accuracy"] ?? 0)) < 1e-6)
    }
  }

  @Test("steps of fit agree with hand-written ones")
  func handWritten() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(8)
      func model() throws -> MLP {
        let model = MLP([5, 3], activation: .tanh)
        try model.build(x.type, seed: 9)
        return model
      }
      let a = try model()
      let trainer = Trainer(a, loss: .crossEntropy, optimizer: AdamW(learningRate: 0.1), seed: 1)
      try trainer.fit(x, y, epochs: 3, batchSize: 8, shuffles: false, progress: .silent)
      let b = try model()
      var state = OptimizerState(AdamW(learningRate: 0.1), for: b)
      for _ in 0..<3 {
        try state.update(b.valueAndGradients { Loss.crossEntropy(b(x), y) }.gradients)
      }
      for (mine, theirs) in zip(a.parameters, b.parameters) {
        try expectClose(
          mine.parameter.value, theirs.parameter.value.scalars(as: Double.self), absolute: 1e-6)
      }
    }
  }

  @Test("same seed, same bits; another seed, others")
  func determinism() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(30)
      func run(_ seed: UInt64) throws -> [[UInt8]] {
        let model = Sequential {
          Dense(6, activation: .relu)
          Dropout(0.3)
          BatchNorm()
          Dense(3)
        }
        try Trainer(model, loss: .crossEntropy, seed: seed)
          .fit(x, y, epochs: 2, batchSize: 8, progress: .silent)
        return try model.parameters.map { try $0.parameter.value.bytes() }
          + model.buffers.map { try $0.buffer.value.bytes() }
      }
      let first = try run(1)
      #expect(try run(1) == first)
      #expect(try run(2) != first)
    }
  }

  @Test("a tensor read during training never changes")
  func immutability() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(24)
      let model = MLP([4, 3])
      try model.build(x.type, seed: 2)
      var read: [(tensor: Tensor, bytes: [UInt8])] = []
      func note() throws {
        for (_, parameter) in model.parameters {
          read.append((parameter.value, try parameter.value.bytes()))
        }
      }
      try note()
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.5, momentum: 0.9))
      try trainer.fit(
        x, y, epochs: 2, batchSize: 6,
        callbacks: [ClosureCallback(batchEnded: { _ in try note() })],
        progress: .silent)
      try note()
      for (tensor, bytes) in read { #expect(try tensor.bytes() == bytes) }
      #expect(Set(read.map(\.bytes)).count > read.count / 2)
    }
  }

  @Test("shares are exact whatever the batch size")
  func exactShares() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(49)
      let trainer = Trainer(MLP([3]), loss: .crossEntropy, metrics: [.accuracy, .topK(1)], seed: 4)
      let data = try TensorDataset(inputs: x, targets: y)
      let whole = try trainer.evaluate(data, batchSize: 49)
      let parts = try trainer.evaluate(data, batchSize: 7)
      #expect(whole["accuracy"] == parts["accuracy"])
      #expect(whole["accuracy"] == whole["top1"])
      let hits = (whole["accuracy"] ?? 0) * 49
      #expect(hits.rounded() / 49 == whole["accuracy"])
    }
  }

  @Test("frozen parameters stay as they are")
  func frozen() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(16)
      let model = MLP([4, 3])
      try model.build(x.type, seed: 2)
      model.layers[0].setTrainable(false)
      let before = try model.parameters.map { try $0.parameter.value.bytes() }
      try Trainer(model, loss: .crossEntropy).fit(x, y, epochs: 1, progress: .silent)
      let after = try model.parameters.map { try $0.parameter.value.bytes() }
      #expect(before[0] == after[0] && before[1] == after[1] && before[2] != after[2])
    }
  }

  @Test("a label out of range ends fit with its error; the model keeps the last finished step")
  func badLabel() throws {
    try TestExecutor.cpu.run {
      let (x, _) = try blobs(12)
      let y = Tensor([Int32](repeating: 1, count: 11) + [7])
      let model = MLP([4, 3])
      try model.build(x.type, seed: 2)
      let trainer = Trainer(model, loss: .crossEntropy, optimizer: SGD(learningRate: 0.1))
      var last: [[UInt8]] = []
      let watch = ClosureCallback(batchEnded: { _ in
        last = try model.parameters.map { try $0.parameter.value.bytes() }
      })
      #expect(throws: TensorError.self) {
        try trainer.fit(
          x, y, epochs: 2, batchSize: 4, shuffles: false, callbacks: [watch], progress: .silent)
      }
      #expect(trainer.step == 2)
      #expect(try model.parameters.map { try $0.parameter.value.bytes() } == last)
    }
  }

  @Test("a mistake inside a model names the line that called the run, and the layer")
  func places() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let model = Sequential {
        Dense(4, inputs: 4)
        Dense(3, inputs: 7)
      }
      let trainer = Trainer(model, loss: .crossEntropy)
      let line = #line + 2
      let runs: [() throws -> Void] = [
        { try trainer.fit(x, y, epochs: 1, progress: .silent) }, { _ = try trainer.predict(x) },
        { _ = try trainer.evaluate(TensorDataset(inputs: x, targets: y)) },
      ]
      for (number, run) in runs.enumerated() {
        let error = #expect(throws: TensorError.self) { try run() }
        let site = try #require(error?.site)
        #expect(site.file == "ApusTrainingTests/TrainerTests.swift", "\(site)")
        #expect(site.line == line + number / 2, "\(site)")
      }
      let loss = Trainer(MLP([3]), loss: .meanSquaredError)
      let error = #expect(throws: TensorError.self) {
        try loss.fit(x, y, epochs: 1, progress: .silent)
      }
      #expect(error?.site?.file == "ApusTrainingTests/TrainerTests.swift")
    }
  }

  @Test("mistakes are refused before training, as text")
  func refusals() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let trainer = Trainer(MLP([4, 3]), loss: .crossEntropy)
      func refused(
        _ operation: String, _ reason: String, line: Int = #line, by run: () throws -> Void
      ) {
        // Written on the line of the call, which the error names.
        let site = CallSite(file: #fileID, line: line)
        #expect(throws: TensorError(operation: operation, reason: reason, site: site)) {
          try run()
        }
      }
      let (negative, none) = ("-1 epochs are not a number from 0", "the data set has no samples")
      refused("fit", negative) { try trainer.fit(x, y, epochs: -1, progress: .silent) }
      refused("fit", none) { try trainer.fit(Nothing(), epochs: 1, progress: .silent) }
      refused("evaluate", none) { _ = try trainer.evaluate(Nothing()) }
      refused("predict", none) { _ = try trainer.predict(Nothing()) }
      let wrong = Trainer(MLP([4, 3]), loss: .meanSquaredError)
      let error = #expect(throws: TensorError.self) {
        try wrong.fit(x, Tensor.zeros([12, 1]), epochs: 1, batchSize: 12, progress: .silent)
      }
      #expect(
        error?.reason == "shapes differ: prediction is [12, 3], target is [12, 1]")
      #expect(
        Metric.accuracy(x, Tensor.zeros([12, 1], dtype: .int32)).error?.reason
          == "shapes differ: prediction gives [12], target [12, 1]")
    }
  }

  @Test("a model in training is refused by a second run")
  func twice() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let model = MLP([4, 3])
      let outer = Trainer(model, loss: .crossEntropy)
      var found: TensorError?
      let inner = ClosureCallback(batchEnded: { _ in
        do { try Trainer(model, loss: .crossEntropy).fit(x, y, epochs: 1, progress: .silent) } catch
        {
          found = error as? TensorError
        }
      })
      try outer.fit(x, y, epochs: 1, batchSize: 12, callbacks: [inner], progress: .silent)
      #expect(found?.reason == "layers.0.weight is being trained by another run")
      try outer.fit(x, y, epochs: 1, progress: .silent)
    }
  }

  @Test("bfloat16 and float64 training learn too", arguments: [Precision.mixedBFloat16, .float64])
  func precisions(_ precision: Precision) throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(40)
      let model = MLP([8, 3])
      let trainer = Trainer(
        model, loss: .crossEntropy, optimizer: Adam(learningRate: 0.05), seed: 3,
        precision: precision)
      let history = try trainer.fit(x, y, epochs: 6, batchSize: 10, progress: .silent)
      #expect(history["loss"][5] < history["loss"][0] / 2)
      #expect(
        model.parameters[0].parameter.type?.dtype == (precision == .float64 ? .float64 : .float32))
    }
  }

  @Test("the schedule decides the learning rate; clipping is part of the step")
  func schedule() throws {
    try TestExecutor.cpu.run {
      let (x, y) = try blobs(12)
      let trainer = Trainer(
        MLP([3]), loss: .crossEntropy, optimizer: SGD(learningRate: 1),
        schedule: .step(every: 2, gamma: 0.5), clipping: .globalNorm(0.01))
      let history = try trainer.fit(x, y, epochs: 3, batchSize: 6, progress: .silent)
      #expect(history["learning_rate"] == [0.5, 0.25, 0.125])
    }
  }
}

/// A source without samples.
struct Nothing: BatchSource {
  var columns: [ColumnType] { [] }
  var batchCount: Int { 0 }
  var batchSize: Int { 1 }
  func sampleCount(ofBatch batch: Int) -> Int { 0 }
  func load(
    epoch: Int, batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) {}
}

/// Three groups of points in the plane, and which group each belongs to.
func blobs(_ count: Int) throws -> (x: Tensor, y: Tensor) {
  let centers: [(Float, Float)] = [(2, 0), (-2, 1), (0, -2)]
  var random = RandomState(7)
  var x: [Float] = []
  var y: [Int32] = []
  for index in 0..<count {
    let (a, b) = centers[index % 3]
    x += [a + random.next(), b + random.next()]
    y.append(Int32(index % 3))
  }
  return (Tensor(x, shape: [count, 2]), Tensor(y))
}

/// Numbers in -0.5..<0.5 for test data.
struct RandomState {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 24) - 0.5
  }
}
