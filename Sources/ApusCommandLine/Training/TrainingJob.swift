import Apus
import ArgumentParser
import Foundation

/// A run from data to files.
struct TrainingJob {
  let settings: RunSettings
  let data: SplitData
  let device: Device
  let folder: RunFolder?
  let checkpointSteps: Int?
  let resumes: Bool
  let progress: ProgressStyle
  let isQuiet: Bool

  func run() throws {
    try data.check(for: settings.architecture)
    if !isQuiet {
      try Console.print(settings.summary + (device == .cpu ? "" : ", on \(device)"))
      try Console.print(
        "\(data.train.count) samples of \(data.name.rawValue) for training, "
          + "\(data.test.count) for test")
    }
    let model = settings.architecture.model(classes: data.classNames.count)
    let loader = try DataLoader(
      data.train, batchSize: settings.batchSize, shuffleSeed: settings.seed,
      transforms: settings.augments ? [RandomShift(pixels: 2)] : [])
    let trainer = Trainer(
      model, loss: .crossEntropy,
      optimizer: settings.optimizer.make(
        rate: settings.learningRate, weightDecay: settings.weightDecay),
      metrics: [.accuracy],
      schedule: settings.schedule.make(steps: settings.epochs * loader.batchCount),
      seed: settings.seed, precision: settings.precision, device: device)
    let checks = try DataLoader(data.test, batchSize: min(data.test.count, 500))
    let start = ContinuousClock.now
    let history = try trainer.fit(
      loader, epochs: settings.epochs, validation: checks, callbacks: callbacks(),
      progress: progress, resumingFrom: resumes ? folder?.checkpoints : nil)
    let seconds = Self.seconds(since: start)
    if Interruption.happened, let folder {
      if ProcessGroup.current.isCoordinator {
        Console.complain(
          "interrupted in step \(trainer.step); go on with: apus train "
            + "\(settings.architecture.rawValue) --output \(folder.path)\(deviceOption) --resume")
      }
      throw ExitCode(130)
    }
    try finish(trainer, history, seconds: seconds)
  }

  /// The option that names the device, for a command that goes on with the run.
  private var deviceOption: String {
    switch device.kind {
    case .standard, .invalid: ""
    case .xla(let platform, let index): " --device xla:\(platform):\(index)"
    case .mesh(let mesh):
      " --device mesh:"
        + mesh.axes.map { "\($0.name)=\($0.count)" }.joined(separator: ",") + "@\(mesh.platform)"
    }
  }

  private func callbacks() throws -> [any Callback] {
    var result: [any Callback] = []
    guard let folder else { return result }
    result.append(CSVLog(path: folder.history))
    let epochs = settings.architecture == .iris ? 50 : 5
    result.append(
      Checkpoint(
        folder: folder.checkpoints, every: checkpointSteps.map { .steps($0) } ?? .epochs(epochs)))
    result.append(try Interruption(folder))
    return result
  }

  private func finish(_ trainer: Trainer, _ history: History, seconds: Double) throws {
    let figures = try trainer.evaluate(data.test, batchSize: 500)
    let (loss, accuracy) = (figures["loss"] ?? .nan, figures["accuracy"] ?? .nan)
    guard loss.isFinite else {
      throw Failure(
        "train",
        "the loss has become \(loss): try a smaller --learning-rate than "
          + "\(settings.learningRate)")
    }
    // What all devices must work on comes before what the first process does alone.
    let isFirst = ProcessGroup.current.isCoordinator
    try ProcessGroup.current.fetch(trainer.model.variables.map(\.variable.value))
    let wrong =
      folder != nil && settings.architecture.takesImages
      ? try Classification(trainer, data.test).wrong : []
    if let folder, isFirst {
      try SavedModel(
        path: folder.model, architecture: settings.architecture, classNames: data.classNames,
        precision: settings.precision, data: data.name, seed: settings.seed, model: trainer.model
      ).write()
      try folder.drawCurves(history, title: "\(settings.architecture.title), \(data.name.rawValue)")
    }
    let right = Int((accuracy * Double(data.test.count)).rounded())
    try Console.print(
      "test: loss \(Format.decimal(loss)), accuracy \(Format.percent(accuracy)) "
        + "(\(right) of \(data.test.count))")
    try Console.print("training took \(Format.decimal(seconds, 2)) s")
    if let folder, isFirst { try Console.print(files(of: folder, wrong)) }
  }

  private func files(of folder: RunFolder, _ wrong: [Int]) throws -> String {
    var lines = ["files in \(folder.path):", "  model.safetensors  the model"]
    lines.append("  config.json        its settings")
    lines.append("  history.csv        figures of every epoch")
    lines.append("  curves.svg         learning curves")
    lines.append("  checkpoints        to go on from with --resume")
    if settings.architecture.takesImages, try folder.drawMisclassified(wrong, of: data.test) {
      lines.append("  misclassified.png  \(min(wrong.count, 200)) pictures put in a wrong class")
    }
    return lines.joined(separator: "\n")
  }

  static func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .seconds(1)
  }
}

/// What a model takes samples for.
struct Classification {
  let predicted: [Int]
  let actual: [Int]

  init(_ trainer: Trainer, _ data: TensorDataset) throws {
    let logits = try trainer.predict(DataLoader(data, batchSize: 500))
    predicted = try logits.argmax(axis: -1, dtype: .int64).scalars(as: Int64.self).map { Int($0) }
    actual = try data.array("targets").doubles().map { Int($0) }
  }

  /// Positions of the samples put into a wrong class.
  var wrong: [Int] { predicted.indices.filter { predicted[$0] != actual[$0] } }
}
