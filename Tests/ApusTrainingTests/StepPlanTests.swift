import ApusCPU
import ApusCore
import ApusModels
import ApusNN
import ApusTraining
import Synchronization
import Testing

/// Compiles as the CPU does, and keeps what the plans print.
private final class PlanKeeper: Executor {
  private let base = CPUExecutor()
  private let plans = Mutex<[String]>([])
  var name: String { base.name }

  func compile(_ graph: Graph, options: CompileOptions) throws(TensorError) -> any Executable {
    let plan = try base.compile(graph, options: options)
    let text = "\(plan)"
    plans.withLock { $0.append(text) }
    return plan
  }

  /// The kernels of the plan that prints longest: the training step's.
  var kernels: [String] {
    let longest = plans.withLock { plans in plans.max { $0.utf8.count < $1.utf8.count } ?? "" }
    return longest.split(separator: "\n").dropFirst().map(String.init)
  }
}

@Suite("plans of training steps") struct StepPlanTests {
  private func kernels(_ optimizer: any Optimizer, _ options: UpdateOptions) throws -> [String] {
    let keeper = PlanKeeper()
    try Executors.with(keeper) {
      let trainer = Trainer(
        IrisNet(), loss: .crossEntropy, optimizer: optimizer, metrics: [.accuracy],
        options: options)
      try trainer.fit(
        Tensor.zeros([1, 4]), Tensor([Int32(0)]), epochs: 1, batchSize: 1, progress: .silent)
    }
    return keeper.kernels
  }

  @Test("an update is one kernel per parameter; options add what they compute and no more")
  func fused() throws {
    func updates(_ kernels: [String], _ name: String) -> Int {
      kernels.count { $0.contains(": \(name) [") }
    }
    let plain = try kernels(Adam(), UpdateOptions())
    #expect(plain.count == 22, "\(plain)")
    #expect(updates(plain, "adam") == 6)
    let decayed = try kernels(
      AdamW(), UpdateOptions(groups: [.vectors(rate: 0.5, weightDecay: .zero)]))
    #expect(decayed.count == 22 && updates(decayed, "adam") == 6, "\(decayed)")
    let momentum = try kernels(SGD(momentum: 0.9, weightDecay: 0.1), UpdateOptions())
    #expect(momentum.count == 22 && updates(momentum, "sgd") == 6, "\(momentum)")
    // An average is one region per parameter.
    let averaged = try kernels(Adam(), UpdateOptions(average: .exponential()))
    #expect(averaged.count <= 29 && updates(averaged, "adam") == 6, "\(averaged)")
    // Lion: one region each for the weights and for the mean, at most.
    let lion = try kernels(Lion(), UpdateOptions())
    #expect(lion.count <= 28, "\(lion)")
  }
}
