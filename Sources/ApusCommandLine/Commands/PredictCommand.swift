import Apus
import ArgumentParser

/// `apus predict`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Prints how likely each class is for a picture or a row of numbers.",
    discussion: """
      Pictures are PNG files; colours become gray. Networks for digits know light strokes on a dark \
      ground, 28 × 28: --invert swaps light and dark, --resize scales other sizes (proportions \
      kept, centred). Neither happens unasked.

        apus predict runs/lenet/model.safetensors digit.png
        apus predict runs/iris/model.safetensors 5.1,3.5,1.4,0.2
      """)

  @Argument(help: "A model.safetensors that apus train wrote.")
  var model: String

  @Argument(help: "A PNG file; for iris, its four lengths with commas between them.")
  var sample: String

  @Flag(help: "Swap light and dark first: for dark strokes on a light ground.")
  var invert = false

  @Flag(help: "Scale a picture of another size.")
  var resize = false

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Device") var place: DeviceOptions

  mutating func run() throws {
    machine.apply()
    let saved = try SavedModel(contentsOf: model)
    let values = try saved.architecture.takesImages ? picture() : numbers()
    let shape = Shape([1] + saved.architecture.inputShape)
    let input = Tensor(values.map { Float($0) }, shape: shape)
    let logits = try saved.trainer(on: place.chosen).predict(input)
    let probabilities = try logits.softmax().scalars(as: Double.self)
    let width = saved.classNames.map(\.count).max() ?? 0
    let ranked = zip(saved.classNames, probabilities).sorted { $0.1 > $1.1 }
    try Console.print(
      ranked.map {
        "\(Format.padded($0, width))  \(Format.right(Format.percent($1), 8))"
      }.joined(separator: "\n"))
  }

  private func picture() throws -> [Double] {
    var picture = try Picture(path: sample)
    if invert { picture.invert() }
    if picture.hasLightBorder {
      Console.complain(
        "note: the border of \(sample) is light\(invert ? " after --invert" : ""); the model knows "
          + "light strokes on a dark ground" + (invert ? "" : ": try --invert"))
    }
    if picture.width != 28 || picture.height != 28 {
      guard resize else {
        throw Failure(
          sample,
          "is \(picture.width) × \(picture.height) pixels, the model takes 28 × 28; "
            + "--resize scales it")
      }
      picture.fit(28)
    }
    return picture.values
  }

  private func numbers() throws -> [Double] {
    try sample.split(separator: ",", omittingEmptySubsequences: false).map { field in
      guard let value = Double(field.filter { $0 != " " }), value.isFinite else {
        throw Failure("predict", "\"\(field)\" in \"\(sample)\" is not a number")
      }
      return value
    }.checked(count: 4, sample)
  }
}

extension [Double] {
  fileprivate func checked(count needed: Int, _ text: String) throws -> [Double] {
    guard count == needed else {
      throw Failure(
        "predict", "the model takes \(needed) numbers, \"\(text)\" has \(count)")
    }
    return self
  }
}
