/// Work to be timed, as Benchmarks/README.md describes it.
protocol Workload {
  /// Makes steps and returns their seconds, and the loss of the last one.
  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double)

  /// Makes one step and returns its loss.
  func firstLoss() throws -> Double
}

/// A workload by name.
struct WorkloadMaker {
  let name: String
  /// Steps to make before the first timing.
  var warmUp = 20
  /// Whether both sides start from given numbers, so that their first losses are equal.
  var isGiven = true
  let make: () throws -> any Workload
}

extension WorkloadMaker {
  /// Every workload, in the order of the table.
  static var all: [WorkloadMaker] { networks + recurrent + convolutions + operations }

  static var names: String { all.map(\.name).joined(separator: ", ") }

  static func named(_ name: String) -> WorkloadMaker? { all.first { $0.name == name } }
}
