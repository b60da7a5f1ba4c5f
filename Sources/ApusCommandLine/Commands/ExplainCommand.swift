import Apus
import ArgumentParser
import Synchronization

/// `apus explain`.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Prints the plan of a network's training step: kernels, memory, work.")

  @Argument(help: "The network.")
  var architecture: Architecture

  @Option(help: "Samples per step; the network's usual number if not given.")
  var batchSize: Int?

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func validate() throws {
    if let batchSize, !(1...100_000).contains(batchSize) {
      throw ValidationError("--batch-size is \(batchSize), must be from 1 to 100000.")
    }
  }

  mutating func run() throws {
    let recorder = PlanRecorder(CPUExecutor(machine.configuration))
    Executors.register(recorder)
    let settings = RunSettings(architecture)
    let count = batchSize ?? settings.batchSize
    let columns = Shape([count] + architecture.inputShape)
    let data = try TensorDataset(
      inputs: .zeros(columns), targets: .zeros(Shape([count]), dtype: .int32))
    let trainer = Trainer(
      architecture.model(classes: architecture == .iris ? 3 : 10), loss: .crossEntropy,
      optimizer: settings.optimizer.make(rate: settings.learningRate, weightDecay: 0),
      metrics: [.accuracy])
    try trainer.fit(data, epochs: 1, batchSize: count, progress: .silent)
    try Console.print(
      "\(architecture.title), batch \(count), \(settings.optimizer.rawValue)\n"
        + recorder.largest)
  }
}

/// Compiles as another executor does, and keeps what the plans print.
final class PlanRecorder: Executor {
  private let base: CPUExecutor
  private let plans = Mutex<[String]>([])

  init(_ base: CPUExecutor) { self.base = base }

  var name: String { base.name }

  /// The plan with the most to do: that of the training step.
  var largest: String {
    plans.withLock { plans in plans.max { $0.utf8.count < $1.utf8.count } ?? "" }
  }

  func compile(_ graph: Graph, options: CompileOptions) throws(TensorError) -> any Executable {
    let plan = try base.compile(graph, options: options)
    let text = "\(plan)"
    plans.withLock { $0.append(text) }
    return plan
  }
}
