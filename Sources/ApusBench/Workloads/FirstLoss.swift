import Apus
import ArgumentParser

extension ApusBench {
  /// Shows that both sides compute the same: workloads whose weights are given start alike.
  struct FirstLoss: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "first-loss",
      abstract: "Prints the loss of the first step of workloads, as the peer's --first-loss does.")

    @OptionGroup var threads: Threads

    @Argument(help: "Workloads; those that start with given weights unless told.")
    var workloads = RecurrentWorkload.names

    mutating func run() throws {
      threads.apply()
      for name in workloads {
        guard let workload = try Workload(name) else {
          throw ValidationError("There is no workload \(name).")
        }
        print(name, try workload.firstLoss())
      }
    }
  }
}
