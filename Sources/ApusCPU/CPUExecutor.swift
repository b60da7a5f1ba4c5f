import ApusCore
import CApusKernels

/// Runs graphs on the processor: own fused kernels, and oneDNN where it is present and faster.
public struct CPUExecutor: Executor {
  public let configuration: CPUConfiguration

  public init(_ configuration: CPUConfiguration = CPUConfiguration()) {
    self.configuration = configuration
  }

  public var name: String { "cpu \(configuration)" }

  public func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    try CPUPlan(graph, options, configuration)
  }
}
