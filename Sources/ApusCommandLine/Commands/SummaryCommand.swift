import Apus
import ArgumentParser

/// `apus summary`.
struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Prints layers, output shapes, parameters, multiply-adds and bytes of a network.")

  @Argument(help: "lenet, mlp, iris, or a model.safetensors that apus train wrote.")
  var model: String

  @Option(help: "Samples in a batch.")
  var batchSize = 1

  func validate() throws {
    guard (1...1_000_000).contains(batchSize) else {
      throw ValidationError("--batch-size is \(batchSize), must be from 1 to 1000000.")
    }
  }

  mutating func run() throws {
    if let architecture = Architecture(rawValue: model) {
      let network = architecture.model(classes: architecture == .iris ? 3 : 10)
      try Console.print(network.summary(for: architecture.inputType(batchSize)).description)
      return
    }
    let saved = try SavedModel(contentsOf: model)
    let input = saved.architecture.inputType(batchSize, saved.precision)
    try Console.print(
      "\(saved.architecture.title), trained on \(saved.data.rawValue), seed \(saved.seed), "
        + "\(saved.precision.option)\n" + saved.model.summary(for: input).description)
  }
}
