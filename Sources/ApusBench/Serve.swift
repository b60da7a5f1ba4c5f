import Apus
import ArgumentParser
import Foundation

extension ApusBench {
  /// Answers requests on standard input; the line protocol of Benchmarks/README.md.
  struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Answers \"prepare NAME\", \"run NAME STEPS\", \"statistics NAME\", \"forget NAME\".",
      discussion: "The workloads are \(WorkloadMaker.names). End of input ends it.")

    @OptionGroup var threads: Threads

    @Option(help: "Where workloads run, such as cpu, xla:cpu or cuda.")
    var device = "cpu"

    mutating func run() throws {
      threads.apply()
      let device = Device(device)
      try device.run { try serve(try device.executor().name) }
    }

    private func serve(_ name: String) throws {
      answer("ready Apus, \(name)")
      var workloads: [String: any Workload] = [:]
      while let line = readLine() {
        do { answer(try reply(to: line, &workloads)) } catch {
          answer("error \("\(error)".replacingOccurrences(of: "\n", with: " "))")
        }
      }
    }

    private func reply(to line: String, _ workloads: inout [String: any Workload]) throws -> String
    {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "prepare" where words.count == 2:
        guard let maker = WorkloadMaker.named(words[1]) else {
          throw ValidationError("There is no workload \(words[1]).")
        }
        let workload = try maker.make()
        workloads[words[1]] = workload
        return "prepared \(words[1]) \(try workload.firstLoss())"
      case "run" where words.count == 3:
        guard let workload = workloads[words[1]], let steps = Int(words[2]),
          (1...100_000_000).contains(steps)
        else { throw ValidationError("\(words[1]) is not prepared, or \(words[2]) steps.") }
        let (seconds, loss) = try workload.run(steps: steps)
        return "\(words[1]) \(steps) \(seconds) \(loss)"
      case "statistics" where words.count == 2:
        guard let workload = workloads[words[1]] else {
          throw ValidationError("\(words[1]) is not prepared.")
        }
        let numbers = try workload.plan().statistics
        return "statistics \(numbers.kernels) \(numbers.arenaBytes) \(numbers.bytesMoved) "
          + "\(numbers.unavoidableBytes) \(numbers.multiplyAdds)"
      case "forget" where words.count == 2:
        workloads[words[1]] = nil
        return "forgotten \(words[1])"
      default: throw ValidationError("What is “\(line)”?")
      }
    }

    private func answer(_ line: String) {
      print(line)
      fflush(nil)
    }
  }
}
