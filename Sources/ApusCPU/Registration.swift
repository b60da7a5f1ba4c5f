import ApusCore

/// Makes the CPU executor the default; called once when the program is loaded.
@_cdecl("apus_register_cpu_executor")
public func registerCPUExecutor() {
  Executors.register(CPUExecutor())
}
