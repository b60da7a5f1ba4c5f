import ApusCPU
import ApusCore
import ApusModels
import ApusNN
import ApusTraining
import Testing

@Suite("plans of a trainer's steps") struct StepReportTests {
  private let input = TensorType(.float32, [8, 4])
  private let target = TensorType(.int32, [8])

  private func trainer(_ options: UpdateOptions = UpdateOptions()) -> Trainer {
    Trainer(
      Sequential { Dense(5, useBias: false) }, loss: .crossEntropy, optimizer: Adam(),
      options: options)
  }

  @Test("forward and backward of a layer, one update: the multiply-adds of each step")
  func work() throws {
    let trainer = trainer()
    let forward = 8 * 4 * 5
    // No gradient of the input is taken.
    let training = try trainer.plan(input: input, target: target).statistics
    #expect(training.multiplyAdds == 2 * forward)
    for step in [Trainer.Step.evaluation, .prediction] {
      let found = try trainer.plan(of: step, input: input, target: target).statistics
      #expect(found.multiplyAdds == forward)
      #expect(found.kernels < training.kernels)
    }
    // Weights and two moments are read and written, the batch is read.
    #expect(training.unavoidableBytes >= 6 * 80 + 8 * 4 * 4 + 8 * 4)
    #expect(training.unavoidableBytes < 6 * 80 + 8 * 4 * 4 + 8 * 4 + 64)
  }

  @Test("a plan is shown without training, and leaves the model free for it")
  func noTraining() throws {
    let trainer = trainer()
    _ = try trainer.plan(input: input, target: target)
    let before = try trainer.model.parameters[0].parameter.value.scalars()
    _ = try trainer.plan(input: input, target: target)
    #expect(try trainer.model.parameters[0].parameter.value.scalars() == before)
    #expect(trainer.step == 0)
    try trainer.fit(
      Tensor.zeros([8, 4]), Tensor.zeros([8], dtype: .int32), epochs: 1, batchSize: 8,
      progress: .silent)
    #expect(trainer.step == 1)
  }

  @Test("the plan is the one that runs: it knows the time of the steps")
  func times() throws {
    var configuration = CPUConfiguration(threads: 1)
    configuration.isProfiling = true
    try Executors.with(CPUExecutor(configuration)) {
      let trainer = trainer()
      let x = Tensor.zeros([16, 4])
      let y = Tensor.zeros([16], dtype: .int32)
      try trainer.fit(x, y, epochs: 2, batchSize: 8, progress: .silent)
      #expect(try trainer.plan(input: input, target: target).runs == 4)
    }
  }

  @Test("what a step misses is said")
  func refusals() throws {
    #expect(throws: TensorError.self) { try trainer().plan(input: input) }
    #expect(throws: TensorError.self) {
      try trainer().plan(input: TensorType(.float32, []), target: target)
    }
    _ = try trainer().plan(of: .prediction, input: input)
  }
}
