import ApusCore
import ApusData
import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

/// A rule that keeps to no agreement.
private struct Careless: Optimizer {
  var learningRate = 0.1
  var name: String { "Careless" }
  var slots: [String] { ["a"] }
  var settings: [String: Double] { [:] }
  var mistake: Int
  func scalars(rate: Double, step: Int) -> [Double] {
    mistake == 0 && step > 0 ? Array(repeating: 1, count: 100_000) : [rate]
  }
  func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    switch mistake {
    case 1: (parameter, [])
    case 2: (parameter.sum(), state)
    case 3: (parameter, [state[0].broadcast(to: Shape([64] + state[0].shape.dims))])
    default: (parameter - scalars[0] * gradient, state)
    }
  }
}

private final class Grower: Layer {
  let dense = Dense(2, inputs: 3)
  let buffer = Buffer(.zeros)
  func build(for input: TensorType) throws(Violation) { try buffer.allocate(.float32, [1]) }
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    context.update(buffer) { _ in Tensor.ones([4096]) }
    return dense(x)
  }
}

@Suite("bad input: training") struct BadInputTrainingTests {
  private let x = BadInput.filled([6, 3])
  private let y = Tensor([Int32(0), 1, 0, 1, 0, 1])

  private func trainer(
    _ optimizer: any Optimizer = SGD(), loss: Loss = .crossEntropy, schedule: Schedule = .constant,
    clipping: GradientClipping? = nil
  ) -> Trainer {
    Trainer(
      Sequential { Dense(2) }, loss: loss, optimizer: optimizer, metrics: [.accuracy, .topK(.max)],
      schedule: schedule, clipping: clipping)
  }

  private func mistake(
    _ pieces: [String], sourceLocation: SourceLocation = #_sourceLocation,
    of body: () throws -> Void
  ) {
    let error = #expect(throws: (any Error).self, sourceLocation: sourceLocation) {
      try TestExecutor.cpu.run { try body() }
    }
    let text = error.map { "\($0)" } ?? ""
    for piece in pieces {
      #expect(text.contains(piece), "\(text)", sourceLocation: sourceLocation)
    }
  }

  @Test("fit refuses sizes, labels, targets and settings with the numbers")
  func fit() {
    mistake(["batch size is 0"]) { try trainer().fit(x, y, epochs: 1, batchSize: 0) }
    mistake(["batch size is \(Int.min)"]) { try trainer().fit(x, y, epochs: 1, batchSize: .min) }
    mistake(["-1 epochs"]) { try trainer().fit(x, y, epochs: -1) }
    for split in [1, -0.5, 2, .nan, .infinity] as [Double] {
      mistake(["test fraction of \(split)"]) {
        try trainer().fit(x, y, epochs: 1, validationSplit: split, progress: .silent)
      }
    }
    mistake(["sample counts differ", "6", "5"]) { try trainer().fit(x, y[0..<5], epochs: 1) }
    mistake(["empty"]) { try trainer().fit(Tensor.zeros([0, 3]), Tensor.zeros([0]), epochs: 1) }
    mistake(["scalar"]) { try trainer().fit(Tensor(1), y, epochs: 1) }
    mistake(["class numbers", "bool"]) {
      try trainer().fit(x, y.converted(to: .bool), epochs: 1, progress: .silent)
    }
    mistake(["crossEntropy", "shapes differ", "[6]"]) {
      try trainer().fit(x, y.converted(to: .float32), epochs: 1, progress: .silent)
    }
    let labels = Tensor([Int32(0), 1, 0, 7, 0, 1])
    mistake(["softmaxCrossEntropy", "7", "3"]) {
      try trainer().fit(x, labels, epochs: 1, shuffles: false, progress: .silent)
    }
    for rate in [-1, .nan, .infinity] as [Double] {
      mistake(["learningRate \(rate)"]) {
        try trainer(SGD(learningRate: rate)).fit(x, y, epochs: 1, progress: .silent)
      }
      let schedule = Schedule("odd") { $0 == 2 ? rate : 1 }
      mistake(["learning rate", "update 3"]) {
        try trainer(schedule: schedule).fit(x, y, epochs: 3, batchSize: 3, progress: .silent)
      }
    }
    mistake(["clip", "nan"]) {
      try trainer(clipping: .value(.nan)).fit(x, y, epochs: 1, progress: .silent)
    }
    mistake(["failed before"]) { try trainer().fit(BadInput.failed.tensor, y, epochs: 1) }
    mistake(["failed before"]) { _ = try trainer().predict(BadInput.failed.tensor) }
    mistake(["batch size is -1"]) { _ = try trainer().predict(x, batchSize: -1) }
    mistake(["no such file"]) {
      try trainer().fit(x, y, epochs: 1, progress: .silent, resumingFrom: "/nowhere/at all")
    }
    mistake(["minimumDelta nan"]) {
      try trainer().fit(
        x, y, epochs: 1, callbacks: [EarlyStopping(monitor: "loss", minimumDelta: .nan)],
        progress: .silent)
    }
  }

  @Test("zero epochs and a batch larger than the data are fine")
  func edges() throws {
    try TestExecutor.cpu.run {
      let none = try trainer().fit(x, y, epochs: 0, progress: .silent)
      #expect(none.epochs.isEmpty)
      let one = try trainer().fit(x, y, epochs: 1, batchSize: .max, progress: .silent)
      #expect(one.epochs.count == 1)
    }
  }

  @Test("an optimizer or layer that breaks its word cannot write past its memory")
  func careless() {
    for mistake in 0..<4 {
      self.mistake([]) {
        try trainer(Careless(mistake: mistake)).fit(
          x, y, epochs: 2, batchSize: 3, progress: .silent)
      }
    }
    mistake(["f32[1]", "f32[4096]"]) {
      try Trainer(Grower(), loss: .crossEntropy).fit(x, y, epochs: 1, progress: .silent)
    }
  }

  @Test("a model can be read and evaluated while others train, and trains in one run at a time")
  func concurrency() async throws {
    let model = Sequential {
      Dense(16, activation: .relu)
      Dense(2)
    }
    try model.build(x.type, seed: 1)
    let (x, y) = (x, y)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 0..<2 {
        group.addTask { () throws -> Void in
          try TestExecutor.cpu.run {
            let other = Sequential {
              Dense(16, activation: .relu)
              Dense(2)
            }
            _ = try Trainer(other, loss: .crossEntropy, seed: UInt64(seed)).fit(
              x, y, epochs: 20, batchSize: 2, progress: .silent)
          }
        }
      }
      group.addTask { () throws -> Void in
        try TestExecutor.cpu.run {
          _ = try Trainer(model, loss: .crossEntropy).fit(
            x, y, epochs: 40, batchSize: 2, progress: .silent)
        }
      }
      group.addTask { () throws -> Void in
        try TestExecutor.cpu.run {
          for _ in 0..<60 {
            for (_, parameter) in model.parameters {
              let values = try parameter.value.scalars()
              let areFinite = values.allSatisfy { $0.isFinite }
              #expect(areFinite)
            }
            _ = try model(x).scalars()
            _ = try Trainer(model, loss: .crossEntropy).evaluate(
              TensorDataset(inputs: x, targets: y))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
