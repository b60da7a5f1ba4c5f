import Apus
import ArgumentParser

extension ApusBench {
  /// Shows that both sides compute the same: workloads whose numbers are given start alike.
  struct FirstLoss: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "first-loss",
      abstract: "Prints the loss of the first step of workloads, as the peer's --first-loss does.")

    @OptionGroup var threads: Threads

    @Argument(help: "Workloads; those that start from given numbers unless told.")
    var workloads = WorkloadMaker.all.filter(\.isGiven).map(\.name)

    mutating func run() throws {
      threads.apply()
      for name in workloads {
        guard let maker = WorkloadMaker.named(name) else {
          throw ValidationError("There is no workload \(name), only \(WorkloadMaker.names).")
        }
        print(name, try maker.make().firstLoss())
      }
    }
  }
}
