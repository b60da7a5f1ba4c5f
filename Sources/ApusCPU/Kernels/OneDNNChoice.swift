import ApusCore
import CApusKernels

extension PlanBuilder {
  /// Whether a problem may be given to oneDNN: found, wanted, of a dtype it computes in, and large
  /// enough that a call (0.4 µs and more) costs less than it saves.
  func prefersOneDNN(_ dtype: DType, multiplyAdds: Int) -> Bool {
    configuration.usesOneDNN && OneDNN.isAvailable && dtype == .float32 && multiplyAdds >= 4096
  }

  /// Adds a kernel of the library, with its scratch memory.
  func emit(
    _ kernel: OneDNNKernel, _ buffers: [BufferRef?], label: String, multiplyAdds: Int
  ) {
    ThreadRuntime.shared
    emit(
      unsafeBitCast(kernel.kernel, to: apus_kernel.self), pointer: kernel.params, owner: kernel,
      buffers + [scratch(kernel.scratchBytes)], label: "\(label) \(kernel.implementation)",
      multiplyAdds: multiplyAdds)
  }
}

/// Chooses between the kernels for 32- and 64-bit floats.
func choose(
  _ dtype: DType, _ single: @escaping apus_kernel, _ double: @escaping apus_kernel
) -> apus_kernel {
  dtype == .float64 ? double : single
}
