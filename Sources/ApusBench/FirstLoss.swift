import Apus
import ArgumentParser

extension ApusBench {
  /// Shows what all sides must agree on.
  struct FirstLoss: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "first-loss", abstract: "Prints the loss of the first step of workloads.")

    @OptionGroup var threads: Threads

    @Argument(help: "Workloads; all unless told.")
    var workloads = WorkloadMaker.all.map(\.name)

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
