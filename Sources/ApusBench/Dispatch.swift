import Apus
import ArgumentParser

extension ApusBench {
  /// Times what a step costs beside its work: state and input of four numbers each.
  struct Dispatch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Times steps that do next to nothing: what the host does for each of them.")

    @Option(help: "Where steps run, such as cpu, xla:cpu or cuda.")
    var device = "cpu"

    @Option(help: "Steps a round; the fastest of ten rounds counts.")
    var steps = 2000

    func validate() throws {
      guard (1...100_000_000).contains(steps) else {
        throw ValidationError("--steps is \(steps), must be from 1 to 100000000.")
      }
    }

    mutating func run() throws {
      try Device(device).run {
        let one = Tensor([1, 1, 1, 1] as [Float])
        let counter = try StatefulFunction(state: [one]) { state, inputs in
          ([state[0] + inputs[0]], [])
        }
        let ahead = try fastest { _ = try counter([one]) }
        let read = try fastest {
          _ = try counter([one])
          _ = try counter.state[0].scalars(as: Float.self)
        }
        print("a step \(ahead * 1e6) µs, with its state read back \(read * 1e6) µs")
      }
    }

    /// Seconds of a step, in the fastest round.
    private func fastest(_ step: () throws -> Void) throws -> Double {
      try (0..<10).map { _ in
        let watch = Stopwatch()
        for _ in 0..<steps { try step() }
        return watch.seconds / Double(steps)
      }.min() ?? 0
    }
  }
}
