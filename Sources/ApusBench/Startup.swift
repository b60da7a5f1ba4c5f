import Apus
import ArgumentParser
import Foundation

extension ApusBench {
  /// Measures the time from the start of a process to its first trained step.
  struct Startup: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints milliseconds from process start to the first trained iris step.")

    @Option(help: "How many processes are started.")
    var rounds = 11

    @Option(help: .hidden)
    var startedAt: Int64?

    mutating func run() throws {
      if let startedAt {
        try Self.firstStep()
        print(Self.now() - startedAt)
        return
      }
      let count = max(rounds, 1)
      let times = try (0..<count).map { _ in try Self.child() }.sorted()
      func milliseconds(_ nanoseconds: Int64) -> String {
        String(format: "%.1f ms", Double(nanoseconds) / 1e6)
      }
      print(
        "process start to first trained iris step: median \(milliseconds(times[count / 2])), "
          + "fastest \(milliseconds(times[0])), slowest \(milliseconds(times[count - 1]))")
    }

    private static func firstStep() throws {
      let data = try Iris.load().dataset.prefix(1)
      let trainer = Trainer(IrisNet(), loss: .crossEntropy, optimizer: Adam())
      try trainer.fit(data, epochs: 1, batchSize: 1, progress: .silent)
    }

    /// Starts this program again; the child subtracts the moment before its start.
    private static func child() throws -> Int64 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      let output = Pipe()
      process.standardOutput = output
      process.arguments = ["startup", "--started-at", "\(now())"]
      try process.run()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      let text = String(decoding: data, as: UTF8.self).filter(\.isNumber)
      guard process.terminationStatus == 0, let time = Int64(text) else { throw ExitCode.failure }
      return time
    }

    /// Nanoseconds on the clock that all processes share.
    private static func now() -> Int64 {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
  }
}
