import Apus
import ArgumentParser
import Foundation

/// Times training steps; see Benchmarks/README.md.
@main
struct ApusBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus-bench", abstract: "Times training steps of Apus.",
    subcommands: [Serve.self, Startup.self, IrisFit.self, Memory.self],
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

extension ApusBench {
  /// Answers requests on standard input with the seconds that their steps took.
  struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Answers lines \"workload steps\" with \"workload steps seconds loss\".",
      discussion: "The workloads are lenet, mlp and iris. End of input ends it.")

    @OptionGroup var threads: Threads

    @Option(help: "Steps between readings of the loss.")
    var readEvery = 1

    func validate() throws {
      guard readEvery > 0 else {
        throw ValidationError("--read-every is \(readEvery), must be at least 1.")
      }
    }

    mutating func run() throws {
      threads.apply()
      var workloads: [String: any TimedWorkload] = [:]
      for name in Workload.names {
        workloads[name] = try Workload(name)
        _ = try workloads[name]?.run(steps: 20, readEvery: readEvery)
      }
      for name in KernelWorkload.names {
        workloads[name] = try KernelWorkload(name)
        _ = try workloads[name]?.run(steps: 5, readEvery: readEvery)
      }
      answer("ready Apus, \(CPUExecutor(CPUConfiguration(threads: threads.threads)).name)")
      while let line = readLine() {
        let words = line.split(separator: " ")
        guard words.count == 2, let steps = Int(words[1]), (1...100_000_000).contains(steps) else {
          answer("error expected \"workload steps\", got \"\(line)\"")
          continue
        }
        guard let workload = workloads[String(words[0])] else {
          answer("error unknown workload \(words[0])")
          continue
        }
        do {
          let (seconds, loss) = try workload.run(steps: steps, readEvery: readEvery)
          answer("\(words[0]) \(steps) \(seconds) \(loss)")
        } catch {
          answer("error \("\(error)".replacingOccurrences(of: "\n", with: " "))")
        }
      }
    }

    private func answer(_ line: String) {
      print(line)
      fflush(nil)
    }
  }

  /// Measures a flower a step through `Trainer.fit`.
  struct IrisFit: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints microseconds per iris step (batch 1, Adam) through Trainer.fit.")

    @OptionGroup var threads: Threads

    @Option(help: "Epochs of 150 steps.")
    var epochs = 100

    mutating func run() throws {
      threads.apply()
      let data = try Iris.load().dataset
      let trainer = Trainer(IrisNet(), loss: .crossEntropy, optimizer: Adam(), metrics: [.accuracy])
      func fit(_ epochs: Int) throws -> Double {
        let start = ContinuousClock.now
        try trainer.fit(data, epochs: epochs, batchSize: 1, progress: .silent)
        return (ContinuousClock.now - start) / .microseconds(1)
      }
      let first = try fit(1)
      let rounds = try (0..<7).map { _ in try fit(max(epochs, 1)) }.sorted()
      let steps = Double(150 * max(epochs, 1))
      print(
        "iris step through fit: median \(rounds[3] / steps) us, fastest \(rounds[0] / steps) us; "
          + "first epoch, with compilation, \(first) us")
    }
  }

  /// Watches resident memory over many steps.
  struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints resident memory over 10,000 steps, and fails when it grows.")

    @OptionGroup var threads: Threads

    @Option(help: "lenet, mlp or iris.")
    var workload = "iris"

    @Option(help: "Steps in all.")
    var steps = 10_000

    mutating func run() throws {
      threads.apply()
      guard let work = try Workload(workload) else {
        throw ValidationError("--workload is \(workload), must be one of lenet, mlp, iris.")
      }
      let part = max(steps / 10, 1)
      var sizes: [Int] = []
      for round in 0...10 {
        _ = try work.run(steps: part, readEvery: 1)
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
