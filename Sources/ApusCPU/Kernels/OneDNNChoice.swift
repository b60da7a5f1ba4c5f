import ApusCore
import CApusKernels

extension CPUConfiguration {
  /// Whether a problem may be given to oneDNN: found, wanted, of a dtype it may compute in, and large
  /// enough that a call (0.4 µs and more) costs less than it saves.
  func prefersOneDNN(_ dtype: DType, multiplyAdds: Int) -> Bool {
    usesOneDNN && OneDNN.isAvailable && dtype.element != nil && multiplyAdds >= 4096
  }

  /// Whether an `m × n` product may be given to oneDNN.
  ///
  /// Own kernels took 0.2 to 0.97 of its time up to 64 × 64 × 64 with 512-bit and with 256-bit
  /// vectors; where few columns leave lanes empty or few rows repeat the packing, up to an eighth of
  /// that. Above, both run at the machine's rate. Own kernels multiply no 16-bit floats.
  func prefersOneDNN(_ dtype: DType, m: Int, n: Int, multiplyAdds: Int) -> Bool {
    let most = dtype.isHalf ? 0 : m < 16 || n < 24 ? 32_768 : 262_144
    return multiplyAdds > most && prefersOneDNN(dtype, multiplyAdds: multiplyAdds)
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
      buffers + [scratch(kernel.scratchBytes)],
      label: kernel.implementation.isEmpty ? label : "\(label) \(kernel.implementation)",
      multiplyAdds: multiplyAdds)
  }
}

/// Weights brought into the order that kernels of the library take them in.
struct Packing {
  let plain: BufferRef
  let kernel: OneDNNKernel
  let packed: BufferRef
}

extension PlanBuilder {
  /// Where a kernel of the library finds its weights: as they lie, or packed by a kernel of its own,
  /// which runs once where the weights stand.
  func packed(
    _ plain: BufferRef, of weights: KernelCall.Value, for kernel: OneDNNKernel
  ) -> BufferRef? {
    if kernel.packedBytes == 0 { return plain }
    // Kept anyway where they stand; otherwise packing again costs less than the memory until then.
    let isKept = fusion.stands(weights.id)
    let known = packings.first { $0.plain == plain && $0.kernel.packsAlike(kernel) }
    if isKept, let known { return known.packed }
    guard let packing = kernel.packing() else { return nil }
    let packed = filled(kernel.packedBytes) { packed in
      emit(packing, [plain, packed], label: "pack \(weights.type.shape)", multiplyAdds: 0)
    }
    if isKept { packings.append(Packing(plain: plain, kernel: kernel, packed: packed)) }
    return packed
  }
}

/// Chooses between the kernels for 32- and 64-bit floats.
func choose(
  _ dtype: DType, _ single: @escaping apus_kernel, _ double: @escaping apus_kernel
) -> apus_kernel {
  dtype == .float64 ? double : single
}

/// Chooses between the kernels for floats of 32, 64 and 16 bits.
func choose(
  _ dtype: DType, _ single: @escaping apus_kernel, _ double: @escaping apus_kernel,
  _ brain: @escaping apus_kernel, _ half: @escaping apus_kernel
) -> apus_kernel {
  switch dtype {
  case .float64: double
  case .bfloat16: brain
  case .float16: half
  default: single
  }
}
