import Apus

/// Work to be timed, as Benchmarks/README.md describes it.
///
/// All sides start from the same numbers, so that their first losses are equal.
protocol Workload {
  /// Makes one step and returns its loss.
  func firstLoss() throws -> Double

  /// Makes steps and returns their seconds, and the loss of the last one.
  func run(steps: Int) throws -> (seconds: Double, loss: Double)

  /// What a step runs.
  func plan() throws -> PlanReport
}

/// A workload by name.
struct WorkloadMaker {
  let name: String
  let make: () throws -> any Workload
}

extension WorkloadMaker {
  /// Every workload, in the order of the table.
  static var all: [WorkloadMaker] {
    networks + imageNetworks + recurrent + transformers + operations + largeOperations
  }

  static var names: String { all.map(\.name).joined(separator: ", ") }

  /// A workload of the table, a plain loop, or a network of some size: `gpt:batch=4,width=128,depth=2,length=64`.
  static func named(_ name: String) -> WorkloadMaker? {
    guard let colon = name.firstIndex(of: ":") else {
      return (all + plainLoops).first { $0.name == name }
    }
    return NetworkFamily.all[String(name[..<colon])].map { family in
      WorkloadMaker(name: name) {
        try family.make(NetworkSizes(name[name.index(after: colon)...]))
      }
    }
  }
}
