import Apus
import ArgumentParser

/// The options that say how the processor is used.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Processors to use; all that are there unless APUS_THREADS says otherwise.",
      valueName: "count"))
  var threads: Int?

  @Flag(help: "Same bits for any number of threads, at some cost in speed.")
  var deterministic = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads), must be from 1 to 1024.")
    }
  }

  var configuration: CPUConfiguration {
    CPUConfiguration(threads: threads, isDeterministic: deterministic ? true : nil)
  }

  /// Makes the executor the default.
  func apply() { Executors.register(CPUExecutor(configuration)) }
}
