import Apus
import Foundation

/// What plans cost, as recorded for machines of some kinds.
///
/// Plans depend on the kernels at hand: the key tells whose they are and for what instructions.
struct PlanLedger: Codable, Equatable {
  /// By key, then by workload.
  var plans: [String: [String: PlanStatistics]] = [:]

  init() {}

  init(contentsOf path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    plans = try JSONDecoder().decode([String: [String: PlanStatistics]].self, from: data)
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let text = String(decoding: try encoder.encode(plans), as: UTF8.self)
    try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// What differs from `found`, a line each; nothing where all numbers but those to be ignored are
  /// the same.
  func differences(
    from found: [String: PlanStatistics], key: String, ignoring ignored: Set<String> = []
  ) -> [String] {
    let known = plans[key] ?? [:]
    return Set(known.keys).union(found.keys).sorted().flatMap { name -> [String] in
      switch (known[name], found[name]) {
      case (nil, .some): ["\(name): not recorded"]
      case (.some, nil): ["\(name): recorded, but there is no such workload"]
      case (let before?, let now?):
        zip(before.figures, now.figures).compactMap { old, new in
          if old.value == new.value || ignored.contains(new.name) { return nil }
          let verb = new.value > old.value ? "grew" : "shrank"
          return "\(name): \(new.name) \(verb) from \(old.value) to \(new.value)"
        }
      case (nil, nil): []
      }
    }
  }
}

/// Whose kernels a plan is made of.
struct PlanVariant {
  let key: String
  let configuration: CPUConfiguration

  /// Figures that differ between machines of the same instructions: the library's scratch memory
  /// follows the caches.
  var unsteady: Set<String> { configuration.usesOneDNN ? ["arena bytes"] : [] }

  /// Own kernels alone, and the library's where it is found: one thread each, since scratch memory
  /// grows with threads.
  static var all: [PlanVariant] {
    let own = CPUConfiguration(
      threads: 1, isDeterministic: false, usesOneDNN: false, isProfiling: false)
    var library = own
    library.usesOneDNN = true
    let instructions = CPUExecutor.instructionSet
    let variants = [PlanVariant(key: "own kernels, \(instructions)", configuration: own)]
    return CPUExecutor.hasOneDNN
      ? variants + [PlanVariant(key: "oneDNN, \(instructions)", configuration: library)] : variants
  }

  /// The statistics of workloads by name.
  func statistics(of workloads: [WorkloadMaker]) throws -> [String: PlanStatistics] {
    var found: [String: PlanStatistics] = [:]
    for workload in workloads {
      // Whether the library multiplies 16-bit floats depends on instructions the key does not name.
      if configuration.usesOneDNN, workload.name.hasSuffix("-bf16") { continue }
      found[workload.name] = try report(of: workload).statistics
    }
    return found
  }

  func report(of workload: WorkloadMaker) throws -> PlanReport {
    try Executors.with(CPUExecutor(configuration)) { try workload.make().plan() }
  }
}
