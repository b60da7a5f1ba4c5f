import Apus
import ArgumentParser
import Foundation

/// `apus explain`.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Shows what a step of a network runs: kernels, fused programs, memory, work, times.",
    discussion: """
      Bytes are those a kernel has to touch, each element once. GF/s counts two operations a \
      multiply-add. Times are of real steps after a few to warm up, those of the kernels alone; \
      compare shares and rates rather than single times on a machine that has other work.
      """)

  @Argument(help: "The network.")
  var architecture: Architecture

  @Option(help: "The step: train, evaluate or predict.")
  var step = StepOption.train

  @Option(
    name: [.customLong("batch-size"), .customLong("batch")],
    help: "Samples per step; the network's usual number if not given.")
  var batchSize: Int?

  @Option(help: "Number format; bfloat16 keeps weights in float32.")
  var precision = PrecisionOption.float32

  @Flag(help: "Run steps and show the time of every kernel.")
  var profile = false

  @Option(help: "Steps that --profile measures.")
  var steps = 50

  @Flag(help: "Show the instructions of fused programs.")
  var programs = false

  @Flag(help: "Show where values lie in memory, and how long.")
  var memory = false

  @Option(help: "table, json (everything) or dot (for Graphviz).")
  var format = PlanFormat.table

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func validate() throws {
    if let batchSize, !(1...100_000).contains(batchSize) {
      throw ValidationError("--batch-size is \(batchSize), must be from 1 to 100000.")
    }
    guard (1...1_000_000).contains(steps) else {
      throw ValidationError("--steps is \(steps), must be from 1 to 1000000.")
    }
    if format != .table, programs || memory {
      throw ValidationError("--programs and --memory are for tables: json has both.")
    }
  }

  mutating func run() throws {
    var configuration = machine.configuration
    if profile { configuration.isProfiling = true }
    Executors.register(CPUExecutor(configuration))
    let settings = RunSettings(architecture)
    let count = batchSize ?? settings.batchSize
    let run = ExplainedStep(
      architecture: architecture, step: step, settings: settings, batchSize: count,
      precision: precision.precision)
    let report = try profile ? run.measured(steps: steps) : run.report()
    let title =
      "\(architecture.title), \(step.rawValue), batch \(count), \(settings.optimizer.rawValue), "
      + "\(precision.rawValue), \(configuration.threads) "
      + (configuration.threads == 1 ? "thread" : "threads")
    try Console.print(try text(report, title))
  }

  private func text(_ report: PlanReport, _ title: String) throws -> String {
    switch format {
    case .table:
      let parts = [
        title, "\(report.statistics)", report.table(showsPrograms: programs),
        memory ? report.memoryTable : nil,
      ]
      return parts.compactMap(\.self).joined(separator: "\n\n")
    case .dot: return report.dot
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      let shown = ExplainedPlan(title: title, statistics: report.statistics, plan: report)
      return String(decoding: try encoder.encode(shown), as: UTF8.self)
    }
  }
}

/// How a plan is shown.
enum PlanFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json, dot
}

/// A step on the command line.
enum StepOption: String, CaseIterable, ExpressibleByArgument {
  case train, evaluate, predict

  var step: Trainer.Step {
    switch self {
    case .train: .training
    case .evaluate: .evaluation
    case .predict: .prediction
    }
  }
}

/// A plan as JSON shows it.
private struct ExplainedPlan: Encodable {
  let title: String
  let statistics: PlanStatistics
  let plan: PlanReport
}

/// A step to be explained, on samples of the right shape.
private struct ExplainedStep {
  let trainer: Trainer
  let step: StepOption
  let batchSize: Int
  let inputs: Tensor
  let targets: Tensor

  init(
    architecture: Architecture, step: StepOption, settings: RunSettings, batchSize: Int,
    precision: Precision
  ) {
    trainer = Trainer(
      architecture.model(classes: architecture == .iris ? 3 : 10), loss: .crossEntropy,
      optimizer: settings.optimizer.make(rate: settings.learningRate, weightDecay: 0),
      metrics: [.accuracy], precision: precision)
    self.step = step
    self.batchSize = batchSize
    let type = architecture.inputType(batchSize, precision)
    inputs = Tensor.uniform(type.shape, dtype: type.dtype, key: RandomKey(seed: 0))
    targets = .zeros([batchSize], dtype: .int32)
  }

  func report() throws -> PlanReport {
    try trainer.plan(of: step.step, input: inputs.type, target: targets.type)
  }

  /// The plan with times of `steps` runs, after a few that are not counted.
  func measured(steps: Int) throws -> PlanReport {
    try run(steps: 3)
    let before = try report()
    try run(steps: steps)
    return try report().since(before)
  }

  private func run(steps: Int) throws {
    switch step {
    case .train:
      try trainer.fit(inputs, targets, epochs: steps, batchSize: batchSize, progress: .silent)
    case .evaluate:
      let data = try TensorDataset(inputs: inputs, targets: targets)
      for _ in 0..<steps { _ = try trainer.evaluate(data, batchSize: batchSize) }
    case .predict:
      for _ in 0..<steps { _ = try trainer.predict(inputs, batchSize: batchSize) }
    }
  }
}
