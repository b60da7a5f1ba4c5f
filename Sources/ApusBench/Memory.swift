import Apus
import ArgumentParser
import Foundation

extension ApusBench {
  /// Watches resident memory over many steps.
  struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints resident memory over 10,000 steps, and fails when it grows.")

    @OptionGroup var threads: Threads

    @Option(help: "One of \(WorkloadMaker.names).")
    var workload = "iris32"

    @Option(help: "Steps in all.")
    var steps = 10_000

    mutating func run() throws {
      threads.apply()
      guard let work = try WorkloadMaker.named(workload)?.make() else {
        throw ValidationError(
          "--workload is \(workload), must be one of \(WorkloadMaker.names).")
      }
      let part = max(steps / 10, 1)
      var sizes: [Int] = []
      for round in 0...10 {
        _ = try work.run(steps: part)
        sizes.append(Self.residentKilobytes)
        print("after \((round + 1) * part) steps: \(sizes[round]) KiB")
      }
      let growth = sizes[10] - sizes[1]
      print("growth after the first \(2 * part) steps: \(growth) KiB")
      if growth > 1024 { throw ExitCode.failure }
    }

    private static var residentKilobytes: Int {
      let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
      let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return pages * (sysconf(Int32(_SC_PAGESIZE)) / 1024)
    }
  }
}
