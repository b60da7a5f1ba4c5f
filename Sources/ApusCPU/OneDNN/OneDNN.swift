import CApusDynamic

/// The library of fast CPU primitives, when one is found at run time.
enum OneDNN {
  /// What was loaded and from where, or why nothing was.
  static var status: String { String(cString: apus_onednn_status()) }

  static var isAvailable: Bool { apus_onednn_available() }

  /// Sets how many threads parallel regions started by the calling thread use.
  ///
  /// Kernels carry their own count, which holds while they run.
  static func setThreads(_ count: Int) { apus_onednn_set_threads(Int32(clamping: count)) }

  /// Element types the library computes in. Whether a type is supported depends on the processor.
  enum Element: Hashable, Sendable {
    case float16, bfloat16, float32

    var code: Int32 {
      switch self {
      case .float16: Int32(apus_onednn_f16.rawValue)
      case .bfloat16: Int32(apus_onednn_bf16.rawValue)
      case .float32: Int32(apus_onednn_f32.rawValue)
      }
    }

    /// Whether an implementation multiplies these elements by the processor's own instructions.
    ///
    /// Where those are missing, the library takes 16-bit floats apart in every inner loop, at three
    /// times the cost of 32-bit ones.
    func isMultiplied(by implementation: String) -> Bool {
      let instructions = implementation.split(separator: ":").last ?? ""
      func uses(_ names: [String]) -> Bool {
        implementation.contains(":") && names.contains { instructions.contains($0) }
      }
      return switch self {
      case .float32: true
      case .bfloat16: uses(["_bf16", "_fp16", "_amx"])
      case .float16: uses(["_fp16"])
      }
    }
  }

  /// An elementwise function applied to results as they are written.
  enum Activation: Hashable, Sendable {
    case linear, relu, geluErf, geluTanh

    var code: apus_onednn_activation {
      switch self {
      case .linear: apus_onednn_linear
      case .relu: apus_onednn_relu
      case .geluErf: apus_onednn_gelu_erf
      case .geluTanh: apus_onednn_gelu_tanh
      }
    }
  }
}

/// A problem solved by the library: what the plan needs to run it.
///
/// The last of the buffers passed to `kernel` is scratch memory of `scratchBytes`, aligned to 64
/// bytes; its contents need not survive from run to run. A kernel remembers the buffers it last
/// saw, so one kernel must not run twice at the same time; different kernels may.
// Unchecked: immutable for Swift; the program behind it is owned by the plan that runs it, under
// that plan's lock.
final class OneDNNKernel: @unchecked Sendable {
  let params: UnsafeRawPointer
  let scratchBytes: Int
  /// Size of the buffer that carries the positions of maxima from pooling to its gradient.
  let workspaceBytes: Int
  /// Size of the weights in the order that the kernel takes them in; 0 where that is the plain one.
  let packedBytes: Int
  /// The library's name for the code it chose, such as `brgconv:avx2`.
  let implementation: String

  /// The C function to call with the buffers, `params` and the context.
  var kernel: UnsafeRawPointer { apus_onednn_kernel() }

  private let program: OpaquePointer

  init?(_ program: OpaquePointer?) {
    guard let program else { return nil }
    self.program = program
    params = UnsafeRawPointer(program)
    scratchBytes = apus_onednn_scratch_bytes(program)
    workspaceBytes = apus_onednn_workspace_bytes(program)
    packedBytes = apus_onednn_packed_bytes(program)
    implementation = String(cString: apus_onednn_implementation(program))
  }

  deinit { apus_onednn_destroy(program) }

  /// The kernel that packs plain weights; buffers: `plain, packed, scratch`.
  func packing() -> OneDNNKernel? { OneDNNKernel(apus_onednn_create_packing(program)) }

  /// Whether another kernel takes the same weights in the same order.
  func packsAlike(_ other: OneDNNKernel) -> Bool {
    apus_onednn_packs_alike(program, other.program)
  }
}
