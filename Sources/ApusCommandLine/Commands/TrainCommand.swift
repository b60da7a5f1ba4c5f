import Apus
import ArgumentParser

/// `apus train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network and reports how well it does on held-out samples.",
    discussion: """
      lenet  LeNet-5 on 4,000 of the embedded digits, 1,000 held out
      mlp    784-512-256-10 on the same
      iris   4-30-16-3 on 105 of the 150 irises, 45 held out

      With --output the run leaves model.safetensors, config.json, history.csv, curves.svg, \
      misclassified.png and checkpoints there; an interrupted run goes on with --resume. Two runs of \
      one seed and thread count give the same bits.

      Exit codes: 0 trained; 1 failed; 64 wrong options; 130 interrupted.
      """)

  @Argument(help: "The network.")
  var architecture: Architecture

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup(title: "Data") var selection: DataSelection

  @Option(
    name: [.short, .long], help: ArgumentHelp("Folder for what the run makes.", valueName: "dir"))
  var output: String?

  @Flag(help: "Go on from the last checkpoint in --output, with its settings.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Write a checkpoint after this many steps; otherwise now and then, and at the end.",
      valueName: "steps"))
  var checkpointEvery: Int?

  @Flag(name: [.short, .long], help: "Print the result only.")
  var quiet = false

  @Flag(help: "A line per epoch, also on a terminal.")
  var plain = false

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Device") var place: DeviceOptions

  func validate() throws {
    if resume, output == nil { throw ValidationError("--resume needs the folder of --output.") }
    if let checkpointEvery {
      guard checkpointEvery > 0 else {
        throw ValidationError("--checkpoint-every is \(checkpointEvery), must be at least 1.")
      }
      guard output != nil else {
        throw ValidationError("--checkpoint-every needs the folder of --output.")
      }
    }
    if architecture == .iris, selection.isGiven {
      throw ValidationError("iris is embedded: --data and --download are for lenet and mlp.")
    }
  }

  mutating func run() throws {
    machine.apply()
    // A device that is not there is told before anything is written.
    _ = try place.chosen.executor()
    let folder = output.map(RunFolder.init)
    var settings = RunSettings(architecture)
    if resume, let folder {
      settings = try folder.settings()
      guard settings.architecture == architecture else {
        throw Failure(
          folder.path,
          "holds a run of \(settings.architecture.rawValue), "
            + "not \(architecture.rawValue)")
      }
    }
    settings.apply(training)
    let data = try split(&settings)
    if ProcessGroup.current.isCoordinator {
      try folder?.create()
      if !resume { try folder?.removeCheckpoints() }
      try folder?.write(settings)
    }
    try TrainingJob(
      settings: settings, data: data, device: place.chosen, folder: folder,
      checkpointSteps: checkpointEvery,
      resumes: resume, progress: quiet ? .silent : plain ? .lines : .automatic, isQuiet: quiet
    ).run()
  }

  /// The data that is asked for, or that the settings name.
  private func split(_ settings: inout RunSettings) throws -> SplitData {
    if let (name, folder) = try selection.located() {
      settings.data = name
      return try SplitData(name, folder: folder, seed: settings.seed)
    }
    guard settings.data.isEmbedded else {
      throw Failure(
        output ?? "train", "the run was on \(settings.data.rawValue): give its folder with --data")
    }
    return try SplitData(embeddedFor: architecture, seed: settings.seed)
  }
}
