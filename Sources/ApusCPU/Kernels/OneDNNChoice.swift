import ApusCore
import CApusKernels

extension CPUConfiguration {
  /// Whether a problem may be given to oneDNN: found, wanted, of a dtype it may compute in, and large
  /// enough that a call (0.4 µs and more) costs less than it saves.
  func prefersOneDNN(_ dtype: DType, multiplyAdds: Int) -> Bool {
    usesOneDNN && OneDNN.isAvailable && dtype.element != nil && multiplyAdds >= 4096
  }
}

extension DType {
  /// The library's name for a type it may compute in.
  var element: OneDNN.Element? {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    default: nil
    }
  }
}

extension PlanBuilder {
  func prefersOneDNN(_ dtype: DType, multiplyAdds: Int) -> Bool {
    configuration.prefersOneDNN(dtype, multiplyAdds: multiplyAdds)
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
