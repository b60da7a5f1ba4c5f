import Apus
import ArgumentParser

/// An update rule on the command line.
enum OptimizerOption: String, CaseIterable, ExpressibleByArgument, Codable, Sendable {
  case sgd, momentum, nesterov, adam, adamw

  func make(rate: Double, weightDecay: Double) -> any Optimizer {
    switch self {
    case .sgd: SGD(learningRate: rate, weightDecay: weightDecay)
    case .momentum: SGD(learningRate: rate, momentum: 0.9, weightDecay: weightDecay)
    case .nesterov:
      SGD(learningRate: rate, momentum: 0.9, nesterov: true, weightDecay: weightDecay)
    case .adam: Adam(learningRate: rate, weightDecay: weightDecay)
    case .adamw: AdamW(learningRate: rate, weightDecay: weightDecay)
    }
  }

  /// The learning rate that suits a network when none is given.
  func defaultRate(_ architecture: Architecture) -> Double {
    switch self {
    case .sgd: 0.1
    case .momentum, .nesterov: 0.08
    case .adam, .adamw: architecture == .lenet ? 0.003 : 0.001
    }
  }
}

/// The course of the learning rate on the command line.
enum ScheduleOption: String, CaseIterable, ExpressibleByArgument, Codable, Sendable {
  case constant, cosine
  case oneCycle = "one-cycle"

  func make(steps: Int) -> Schedule {
    switch self {
    case .constant: .constant
    case .cosine: .cosine(steps: max(steps, 1))
    case .oneCycle: .oneCycle(steps: max(steps, 1))
    }
  }
}

/// The options of a run; what is not given comes from the run that is resumed, or the network.
struct TrainingOptions: ParsableArguments {
  @Option(help: "Passes over the training data: 15 for lenet, 10 for mlp, 100 for iris.")
  var epochs: Int?

  @Option(help: "Samples per step: 64 for lenet, 128 for mlp, 1 for iris.")
  var batchSize: Int?

  @Option(help: "Step size; the default depends on network and optimizer.")
  var learningRate: Double?

  @Option(help: "Update rule; momentum is 0.9 where there is any.")
  var optimizer: OptimizerOption?

  @Option(help: "Course of the learning rate: one-cycle for lenet, else constant.")
  var schedule: ScheduleOption?

  @Option(help: "Pull of the weights towards zero (default: 0).")
  var weightDecay: Double?

  @Option(help: "Decides split, first weights, order and shifts: 0, for iris 417.")
  var seed: UInt64?

  @Option(help: "Number format; bfloat16 keeps weights in float32 (default: float32).")
  var precision: PrecisionOption?

  @Flag(
    name: .customLong("no-augment"),
    help: "Train lenet on the pictures as they are, without random shifts of up to 2 pixels.")
  var noAugment = false

  func validate() throws {
    if let epochs, !(1...1_000_000).contains(epochs) {
      throw ValidationError("--epochs is \(epochs), must be from 1 to 1000000.")
    }
    if let batchSize, !(1...1_000_000).contains(batchSize) {
      throw ValidationError("--batch-size is \(batchSize), must be from 1 to 1000000.")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate is \(learningRate), must be a number above 0.")
    }
    if let weightDecay, !(weightDecay >= 0 && weightDecay.isFinite) {
      throw ValidationError("--weight-decay is \(weightDecay), must be a number from 0.")
    }
  }
}

/// Everything that decides a run, as `config.json` keeps it.
struct RunSettings: Codable, Equatable, Sendable {
  var architecture: Architecture
  var data: DataName
  var epochs: Int
  var batchSize: Int
  var learningRate: Double
  var optimizer: OptimizerOption
  var schedule: ScheduleOption
  var weightDecay: Double
  var seed: UInt64
  var precision: Precision
  var augments: Bool

  /// The usual settings of a network.
  init(_ architecture: Architecture) {
    self.architecture = architecture
    data = architecture.embeddedData
    epochs = [.lenet: 15, .mlp: 10, .iris: 100][architecture] ?? 10
    batchSize = [.lenet: 64, .mlp: 128, .iris: 1][architecture] ?? 32
    optimizer = architecture == .lenet ? .nesterov : .adam
    learningRate = optimizer.defaultRate(architecture)
    schedule = architecture == .lenet ? .oneCycle : .constant
    weightDecay = 0
    seed = architecture == .iris ? 417 : 0
    precision = .float32
    augments = architecture == .lenet
  }

  /// Takes over what the options say.
  mutating func apply(_ options: TrainingOptions) {
    epochs = options.epochs ?? epochs
    batchSize = options.batchSize ?? batchSize
    if let chosen = options.optimizer, chosen != optimizer {
      optimizer = chosen
      learningRate = chosen.defaultRate(architecture)
    }
    learningRate = options.learningRate ?? learningRate
    schedule = options.schedule ?? schedule
    weightDecay = options.weightDecay ?? weightDecay
    seed = options.seed ?? seed
    precision = options.precision?.precision ?? precision
    if options.noAugment { augments = false }
  }

  /// The run in a line.
  var summary: String {
    "\(architecture.title), \(optimizer.rawValue) \(learningRate) \(schedule.rawValue), "
      + "batch \(batchSize), \(epochs) epochs, seed \(seed), \(precision.option)"
      + (augments ? ", random shifts" : "")
  }
}
