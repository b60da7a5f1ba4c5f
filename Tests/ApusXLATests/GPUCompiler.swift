import ApusCPU
import Foundation
import Synchronization
import Testing

@testable import ApusCore
@testable import ApusXLA

/// Compiles programs for an NVIDIA H200 that need not be there.
///
/// Needs the packages jax-cuda13-pjrt, nvidia-cuda-nvcc and nvidia-nvvm installed side by side, found
/// as all plugins are.
enum GPUCompiler {
  static let plugin: String? = XLAPlugins.found().map(\.path).first { path in
    guard path.hasSuffix("xla_cuda_plugin.so") else { return false }
    let packages = Folder.parent(of: Folder.parent(of: Folder.parent(of: path)))
    let tools = packages + "/nvidia/cu13"
    return Folder.exists(tools + "/bin/ptxas")
      && Folder.exists(tools + "/nvvm/libdevice/libdevice.10.bc")
  }

  /// Whether everything is compiled in 16-bit numbers too, and every step over several devices,
  /// which takes more than twice the time: `APUS_TEST_GPU=all`.
  static let compilesAll = ProcessInfo.processInfo.environment["APUS_TEST_GPU"] == "all"

  static func topology(devices count: Int) throws -> PJRTTopology {
    try PJRTTopology(
      PJRTPlugin.open(#require(plugin)),
      options: ["target_config": .text(target), "topology": .text("1x1x\(count)")])
  }

  /// An H200 as XLA's `GpuTargetConfigProto` describes it.
  private static let target = """
    gpu_device_info {
      threads_per_block_limit: 1024 threads_per_warp: 32
      shared_memory_per_block: 49152 shared_memory_per_core: 233472
      threads_per_core_limit: 2048 core_count: 132 fpus_per_core: 128
      block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
      memory_bandwidth: 4800000000000 l2_cache_size: 52428800 clock_rate_ghz: 1.98
      device_memory_size: 151397597184 shared_memory_per_block_optin: 232448
      cuda_compute_capability { major: 9 }
      registers_per_core_limit: 65536 registers_per_block_limit: 65536
      thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64
      device_vendor: "NVIDIA Corporation" name: "NVIDIA H200"
      driver_version: "13.0.0" runtime_version: "13.0.0"
      compile_time_toolkit_version: "13.0.0" dnn_version: "9.10.0" device_address_bits: 64
    }
    platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 patch: 0 }
    device_description_str: "NVIDIA H200"
    """
}

extension Trait where Self == ConditionTrait {
  /// Skips a test where programs for GPUs cannot be compiled.
  static var needsGPUCompiler: Self {
    .enabled(
      if: GPUCompiler.plugin != nil,
      "jax-cuda13-pjrt, nvidia-cuda-nvcc and nvidia-nvvm are not installed")
  }
}

/// Runs graphs on the processor and remembers them.
final class GraphRecorder: Executor {
  private let cpu = CPUExecutor()
  private let recorded = Mutex<[(graph: Graph, options: CompileOptions)]>([])

  /// One of its own: plans are kept by name.
  let name = "recorder of graphs \(UInt64.random(in: .min ... .max))"
  var graphs: [(graph: Graph, options: CompileOptions)] { recorded.withLock { $0 } }

  func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    recorded.withLock { $0.append((graph, options)) }
    return try cpu.compile(graph, options: options)
  }
}
