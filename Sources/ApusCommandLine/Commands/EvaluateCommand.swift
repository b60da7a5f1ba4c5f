import Apus
import ArgumentParser

/// `apus evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a trained model on samples it was not trained on.",
    discussion: """
      Without --data these are the held-out samples of the model's own training, which the file \
      notes. Prints loss, accuracy, and per class how many are right.
      """)

  @Argument(help: "A model.safetensors that apus train wrote.")
  var model: String

  @OptionGroup(title: "Data") var selection: DataSelection
  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Device") var place: DeviceOptions

  mutating func run() throws {
    machine.apply()
    let saved = try SavedModel(contentsOf: model)
    let test = try saved.testData(selection).test
    let trainer = saved.trainer(on: place.chosen)
    let figures = try trainer.evaluate(test, batchSize: 500)
    let found = try Classification(trainer, test)
    let right = test.count - found.wrong.count
    var lines = [
      "\(saved.architecture.title), \(test.count) samples",
      "loss \(Format.decimal(figures["loss"] ?? .nan)), "
        + "accuracy \(Format.percent(Double(right) / Double(test.count))) "
        + "(\(right) of \(test.count))",
    ]
    let width = saved.classNames.map(\.count).max() ?? 0
    for (index, name) in saved.classNames.enumerated() {
      let members = found.actual.indices.filter { found.actual[$0] == index }
      let hits = members.filter { found.predicted[$0] == index }.count
      lines.append("  \(Format.padded(name, width))  \(hits) of \(members.count)")
    }
    try Console.print(lines.joined(separator: "\n"))
  }
}
