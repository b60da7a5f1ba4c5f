import Apus
import ArgumentParser
import Foundation

/// The command line of Apus.
@main
struct ApusCommand: ParsableCommand {
  static let version = ApusVersion.current

  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Trains, evaluates and applies neural networks.",
    discussion: """
      Exit codes: 0 success; 1 the work failed, with one message on standard error; 64 the command \
      line was wrong; 130 interrupted.

      Environment: APUS_THREADS (processors used), APUS_ONEDNN=off (own kernels only), \
      APUS_DETERMINISTIC=1, APUS_PROFILE=1 (time per kernel, on standard error). For devices of \
      plugins: APUS_PJRT_<PLATFORM> (file of the plugin), APUS_XLA_PREALLOCATE, \
      APUS_XLA_MEMORY_FRACTION, APUS_CACHE (folder of compiled programs, or off).
      """,
    version: version,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, SummaryCommand.self,
      DataCommand.self, InfoCommand.self, DevicesCommand.self, ExplainCommand.self,
      LaunchCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let isParsing = exitCode(for: error) != .failure
      if isParsing || error is ExitCode { exit(withError: error) }
      Console.complain("error: \(error)")
      Foundation.exit(1)
    }
  }
}
