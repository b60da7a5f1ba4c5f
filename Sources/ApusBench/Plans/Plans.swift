import Apus
import ArgumentParser
import Foundation

extension ApusBench {
  /// Guards what plans cost: nothing is timed.
  struct Plans: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Shows, records or checks kernels, bytes and multiply-adds of the workloads' plans.",
      discussion: """
        Recorded numbers are those of one thread, of own kernels and, where it is found, of oneDNN; a \
        check compares all of them exactly. Machines with other instructions than those recorded \
        have nothing to compare with, which a check says.
        """)

    @Argument(help: "Workloads; all of them unless told.")
    var workloads: [String] = []

    @Option(help: ArgumentHelp("Compare with the numbers in a file.", valueName: "file"))
    var check: String?

    @Option(
      help: ArgumentHelp(
        "Write the numbers to a file, beside those of other machines.", valueName: "file"))
    var record: String?

    @Flag(help: "Show every kernel of the plans.")
    var kernels = false

    func validate() throws {
      for name in workloads where WorkloadMaker.named(name) == nil {
        throw ValidationError("There is no workload \(name), only \(WorkloadMaker.names).")
      }
      if record != nil, !workloads.isEmpty {
        throw ValidationError("--record takes the numbers of all workloads.")
      }
    }

    mutating func run() throws {
      let makers =
        workloads.isEmpty ? WorkloadMaker.all : workloads.compactMap(WorkloadMaker.named)
      var ledger = try known()
      var differences: [String] = []
      for variant in PlanVariant.all {
        if kernels {
          for maker in makers {
            print("\(maker.name), \(variant.key)\n\n\(try variant.report(of: maker))\n")
          }
          continue
        }
        let found = try variant.statistics(of: makers)
        if record != nil {
          ledger.plans[variant.key] = found
        } else if check != nil {
          guard let recorded = ledger.plans[variant.key] else {
            print("nothing is recorded for \(variant.key)")
            continue
          }
          if !workloads.isEmpty {
            ledger.plans[variant.key] = recorded.filter { workloads.contains($0.key) }
          }
          differences += ledger.differences(
            from: found, key: variant.key, ignoring: variant.unsteady
          )
          .map { "\(variant.key): \($0)" }
        } else {
          show(found, variant)
        }
      }
      if let record { try ledger.write(to: record) }
      guard differences.isEmpty else { throw Grown(differences) }
    }

    private func known() throws -> PlanLedger {
      if let check { return try PlanLedger(contentsOf: check) }
      guard let record, FileManager.default.fileExists(atPath: record) else { return PlanLedger() }
      return try PlanLedger(contentsOf: record)
    }

    private func show(_ found: [String: PlanStatistics], _ variant: PlanVariant) {
      print(variant.key)
      for name in found.keys.sorted() {
        let numbers = found[name]?.figures.map { "\($0.name) \($0.value)" } ?? []
        print("  \(name): " + numbers.joined(separator: ", "))
      }
    }
  }
}

/// Plans cost something else than recorded.
private struct Grown: Error, CustomStringConvertible {
  let differences: [String]

  init(_ differences: [String]) { self.differences = differences }

  var description: String {
    """
    plans cost something else than recorded:
    \(differences.map { "  " + $0 }.joined(separator: "\n"))
    If this is meant, record it with "make plans", and say in the change what it is for.
    """
  }
}
