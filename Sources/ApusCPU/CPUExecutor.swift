import ApusCore
import CApusKernels

/// Runs graphs on the processor: own fused kernels, and oneDNN where it is present and faster.
public struct CPUExecutor: Executor {
  public let configuration: CPUConfiguration
  public let name: String

  public init(_ configuration: CPUConfiguration = CPUConfiguration()) {
    self.configuration = configuration
    name = "cpu \(configuration)"
  }

  /// The instructions that kernels are chosen for on this machine, such as `avx512`.
  public static var instructionSet: String { String(cString: apus_instruction_set_name()) }

  /// Whether the oneDNN library is found.
  public static var hasOneDNN: Bool { OneDNN.isAvailable }

  public func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    try CPUPlan(graph, options, configuration)
  }
}
