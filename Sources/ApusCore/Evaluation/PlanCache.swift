import Synchronization

/// Compiled graphs, kept for the next time the same computation is asked for.
package final class PlanCache: Sendable {
  struct Key: Hashable {
    let executor: String
    let graph: Graph
    let options: CompileOptions
  }

  private struct Contents {
    var plans: [Key: (plan: any Executable, used: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  package static let shared = PlanCache(capacity: 256)

  private let contents = Mutex(Contents())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  /// The plan of a graph, compiled now unless it is known. The least recently used gives way.
  package func plan(
    for graph: Graph, options: CompileOptions = CompileOptions()
  ) throws(TensorError) -> any Executable {
    let executor = try Executors.current()
    let key = Key(executor: executor.name, graph: graph, options: options)
    let known: (any Executable)? = contents.withLock { contents in
      contents.clock += 1
      contents.plans[key]?.used = contents.clock
      return contents.plans[key]?.plan
    }
    if let known { return known }
    let plan = try executor.compile(graph, options: options)
    contents.withLock { contents in
      if contents.plans.count >= capacity,
        let oldest = contents.plans.min(by: { $0.value.used < $1.value.used })?.key
      {
        contents.plans[oldest] = nil
      }
      contents.plans[key] = (plan, contents.clock)
    }
    return plan
  }

  /// Forgets all plans.
  package func removeAll() { contents.withLock { $0.plans = [:] } }
}
