import Apus
import ArgumentParser

/// Times the work of Benchmarks/README.md in Apus.
@main
struct ApusBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-bench", abstract: "Times training steps and operations of Apus.",
    subcommands: [
      Serve.self, Startup.self, Dispatch.self, Memory.self, FirstLoss.self, Plans.self,
    ],
    defaultSubcommand: Serve.self)
}

/// The processors that a measurement uses.
struct Threads: ParsableArguments {
  @Option(help: "Processors to use.")
  var threads = CPUConfiguration().threads

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads), must be from 1 to 1024.")
    }
  }

  func apply() { Executors.register(CPUExecutor(CPUConfiguration(threads: threads))) }
}
