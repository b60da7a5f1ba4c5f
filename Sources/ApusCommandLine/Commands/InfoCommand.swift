import Apus
import ArgumentParser
import CApusDynamic
import CApusKernels

/// `apus info`.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Prints version, executor, instruction set, threads and whether oneDNN was found.")

  @OptionGroup(title: "Machine") var machine: MachineOptions

  mutating func run() throws {
    let configuration = machine.configuration
    let executor = CPUExecutor(configuration)
    let library =
      configuration.usesOneDNN
      ? String(cString: apus_onednn_status()) : "not used (APUS_ONEDNN)"
    // A first large plan settles which runtime the threads belong to.
    let matrix = Tensor.zeros([256, 256])
    try Executors.with(executor) { try eval([matmul(matrix, matrix)]) }
    try Console.print(
      """
      apus             \(ApusCommand.version)
      executor         cpu
      instruction set  \(CPUExecutor.instructionSet)
      threads          \(configuration.threads) of \(apus_processor_count()) processors, \
      runtime \(String(cString: apus_threads_runtime_name()))
      deterministic    \(configuration.isDeterministic ? "for any thread count" : "per thread count")
      oneDNN           \(library)
      """)
  }
}
