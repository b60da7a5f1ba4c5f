import ApusCPU
import ApusCore

/// The executors that every operation is tested on.
package enum TestExecutor: String, CaseIterable, Sendable {
  case reference, cpu

  /// Runs `body` with this executor.
  package func run<R>(_ body: () throws -> R) rethrows -> R {
    switch self {
    case .reference: try Executors.with(ReferenceExecutor(), body)
    case .cpu: try Executors.with(CPUExecutor(), body)
    }
  }
}
